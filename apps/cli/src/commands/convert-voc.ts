/** `gdarknet convert voc`: the original's voc_label.py. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DataFault, parseVoc, readText, showFault, type VocAnnotation, vocToLabels } from '@gdarknet/data';
import { parseImageSet } from '@gdarknet/metrics/formats';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { flag, needed, optional, withDefault } from '../arguments/option.ts';
import { listOf, oneOf, text } from '../arguments/value.ts';
import { type Part, writeDarknetSet } from '../convert/darknet-set.ts';
import { type Failure, refused } from '../failure.ts';
import { namesFrom, textOf } from '../inputs/files.ts';
import { json } from './shared-options.ts';

type Entry = { readonly image: string; readonly file: string; readonly annotation: VocAnnotation };
type Annotated = { readonly name: string; readonly entries: readonly Entry[]; readonly faults: readonly DataFault[] };

/** The folder with Annotations, JPEGImages and ImageSets. */
const homeOf = (folder: string, year: string | undefined): string =>
  year === undefined ? folder : join(folder, `VOC${year}`);

const readEntry = async (home: string, id: string): Promise<E.Either<readonly DataFault[], Entry>> => {
  const file = join(home, 'Annotations', `${id}.xml`);
  const source = await readText(file)();
  if (E.isLeft(source)) return E.left([source.left]);
  const image = join(home, 'JPEGImages', `${id}.jpg`);
  if (!existsSync(image)) return E.left([{ tag: 'unreadable', file: image, reason: 'there is no such file' }]);
  return E.map((annotation: VocAnnotation) => ({ image, file, annotation }))(parseVoc(source.right, file));
};

const readPart = (home: string, name: string): TE.TaskEither<Failure, Annotated> =>
  pipe(
    textOf(join(home, 'ImageSets', 'Main', `${name}.txt`)),
    TE.flatMapTask((list) => async () => {
      const read = await Promise.all(parseImageSet(list).map((id) => readEntry(home, id)));
      return {
        name,
        entries: read.flatMap((entry) => (E.isRight(entry) ? [entry.right] : [])),
        faults: read.flatMap((entry) => (E.isLeft(entry) ? entry.left : [])),
      };
    }),
  );

const classesIn = (parts: readonly Annotated[]): readonly string[] =>
  [
    ...new Set(
      parts.flatMap(({ entries }) => entries.flatMap(({ annotation }) => annotation.objects.map((o) => o.name))),
    ),
  ].sort();

export const convertVoc = command({
  path: ['convert', 'voc'],
  summary: 'VOC annotations to a Darknet set: label files, lists, names, .data; the images are linked.',
  details: ['Difficult objects are left out, as the original does. Boxes that cannot be used are listed and left out.'],
  examples: [
    'gdarknet convert voc VOCdevkit --year 2012 --image-set train,val --names voc.names --out voc',
    'gdarknet convert voc BCCD --image-set train,test --out bccd',
  ],
  positionals: { folder: one('VOCdevkit with --year, or the folder that holds Annotations') },
  options: {
    year: optional(text, { placeholder: 'y', doc: 'which VOC<year>' }),
    imageSet: withDefault(listOf(text), ['train'], {
      placeholder: 's,s',
      doc: 'lists of ImageSets/Main; the first becomes train=, the last valid= of the .data file',
    }),
    names: optional(text, { placeholder: 'file', doc: 'the class names [those that occur, sorted]' }),
    out: needed(text, { placeholder: 'dir', doc: 'where to; made when missing' }),
    difficult: flag('keep the difficult objects'),
    corners: withDefault(oneOf('inclusive', 'darknet'), 'inclusive', {
      placeholder: 'inclusive|darknet',
      doc: "whether both corner pixels count in, or the original's voc_label.py, half a pixel off",
    }),
    json,
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.bind('parts', () =>
        TE.traverseSeqArray((name: string) => readPart(homeOf(values.folder, values.year), name))(values.imageSet),
      ),
      TE.bind('names', ({ parts }) =>
        values.names === undefined ? TE.right(classesIn(parts)) : namesFrom(values.names, undefined, context),
      ),
      TE.flatMap(({ parts, names }) => {
        const unreadable = parts.flatMap(({ faults }) => faults);
        const leftOut: DataFault[] = [];
        const converted = parts.map(({ name, entries }): Part => {
          const pictures = entries.map(({ image, file, annotation }) => {
            const difficult = values.difficult ? 'keep' : 'skip';
            const { labels, faults } = vocToLabels(annotation, names, file, { difficult, corners: values.corners });
            leftOut.push(...faults);
            return { image, labels };
          });
          return { name, pictures };
        });
        for (const fault of [...unreadable, ...leftOut]) context.tell(`left out: ${showFault(fault)}`);
        const empty = converted.find(({ pictures }) => pictures.length === 0);
        if (empty)
          return TE.left(refused(`the set ${empty.name} has no picture that can be used`, 'look at the faults above'));
        return pipe(
          writeDarknetSet({ folder: values.out, names, parts: converted, eval: 'voc' }),
          TE.map((data) => {
            const pictures = converted.flatMap((part) => part.pictures);
            const boxes = pictures.reduce((sum, { labels }) => sum + labels.length, 0);
            return { data, images: pictures.length, boxes, unreadable: unreadable.length, leftOut: leftOut.length };
          }),
        );
      }),
      TE.flatMapEither((done) => {
        context.tell(`${done.images} images, ${done.boxes} boxes`);
        context.print(values.json ? JSON.stringify(done) : done.data);
        return done.unreadable === 0
          ? E.right(undefined)
          : E.left({
              tag: 'incomplete' as const,
              what: `${done.unreadable} images could not be used; they are listed above`,
            });
      }),
    ),
});
