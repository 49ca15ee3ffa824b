/**
 * OpenImages: boxes as CSV (`ImageID, Source, LabelName, Confidence, XMin, XMax, YMin, YMax, IsOccluded, IsTruncated,
 * IsGroupOf, ...`, relative to the picture), class names as CSV (`/m/011k07,Tortoise`), pictures as `<ImageID>.jpg`. The
 * files run to gigabytes, so they are read as streams. Replaces openimages_to_coco_annotations.py, which does not run
 * (D-24).
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { CsvError, parse } from 'csv-parse';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type DataFault, reasonOf } from '../fault.ts';
import { type ImageSize, readImageSize } from '../image/size.ts';
import type { Label } from '../labels/label.ts';
import type { SetEntry } from './darknet.ts';
import type { ReadSet } from './read.ts';
import { mapTogether } from './together.ts';

type Faults = readonly DataFault[];

export type OpenImagesOptions = {
  /** The boxes, and the names of their classes. */
  readonly boxes: string;
  readonly classes: string;
  /** Where `<ImageID>.jpg` lie. */
  readonly images: string;
  /** Class names to take, in order; all of the classes file unless told. */
  readonly names?: readonly string[];
  /** `skip` (the default) leaves out boxes round a group of objects. */
  readonly groups?: 'skip' | 'keep';
  /** Boxes that a person has not confirmed have a confidence below 1; 1 unless told. */
  readonly confidence?: number;
};

/** A line may be this long; a file that is no CSV ends here, not in memory. */
const longestLine = 100_000;

type Row = { readonly values: readonly string[]; readonly line: number };

async function* rowsOf(file: string): AsyncGenerator<Row> {
  const options = { relax_column_count: true, skip_empty_lines: true, max_record_size: longestLine, info: true };
  const source = createReadStream(file);
  const parser = parse({ ...options, bom: true });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { values: record, line: info.lines };
    }
  } finally {
    source.destroy();
  }
}

const faultOf =
  (file: string) =>
  (thrown: unknown): Faults =>
    thrown instanceof CsvError
      ? [
          {
            tag: 'line',
            file,
            line: Number(thrown.lines ?? 1),
            found: reasonOf(thrown),
            expected: 'comma-separated values',
            advice: 'fetch the file again',
          },
        ]
      : [{ tag: 'unreadable', file, reason: reasonOf(thrown) }];

const lineFault = (file: string, { values, line }: Row, expected: string, advice: string): DataFault => ({
  tag: 'line',
  file,
  line,
  found: JSON.stringify(values.join(',').slice(0, 80)),
  expected,
  advice,
});

/** Class ids such as `/m/011k07` and their names, in file order. A heading line is passed over. */
export const readOpenImagesClasses = (
  file: string,
): TE.TaskEither<Faults, readonly { readonly id: string; readonly name: string }[]> =>
  TE.tryCatch(async () => {
    const classes: { id: string; name: string }[] = [];
    for await (const { values } of rowsOf(file)) {
      const [id = '', name = ''] = values;
      if (id.startsWith('/')) classes.push({ id, name });
    }
    return classes;
  }, faultOf(file));

const wanted = ['ImageID', 'LabelName', 'XMin', 'XMax', 'YMin', 'YMax'] as const;
const optionalColumns = ['Confidence', 'IsGroupOf'] as const;
type Column = (typeof wanted)[number] | (typeof optionalColumns)[number];

type Boxes = { readonly labels: ReadonlyMap<string, readonly Label[]>; readonly faults: Faults };

const readBoxes = async (
  { boxes, groups = 'skip', confidence = 1 }: OpenImagesOptions,
  classOf: ReadonlyMap<string, number>,
): Promise<E.Either<Faults, Boxes>> => {
  const labels = new Map<string, Label[]>();
  const faults: DataFault[] = [];
  let columns: Readonly<Record<string, number>> | undefined;
  for await (const row of rowsOf(boxes)) {
    if (columns === undefined) {
      columns = Object.fromEntries(row.values.map((name, i) => [name.trim(), i]));
      const missing = wanted.filter((name) => columns?.[name] === undefined);
      if (missing.length > 0) {
        const advice = `give the boxes file, which has ${missing.join(', ')} too`;
        return E.left([lineFault(boxes, row, `a heading with ${wanted.join(', ')}`, advice)]);
      }
      continue;
    }
    const at = columns;
    const text = (name: Column): string => row.values[at[name]] ?? '';
    const classId = classOf.get(text('LabelName'));
    if (classId === undefined) continue;
    if (groups === 'skip' && text('IsGroupOf') === '1') continue;
    if (text('Confidence') !== '' && Number(text('Confidence')) < confidence) continue;
    const edges = (['XMin', 'XMax', 'YMin', 'YMax'] as const).map((name) =>
      text(name).trim() === '' ? Number.NaN : Number(text(name)),
    );
    const [left, right, top, bottom] = edges;
    if (!edges.every((v) => v >= 0 && v <= 1) || right <= left || bottom <= top) {
      faults.push(lineFault(boxes, row, 'XMin < XMax and YMin < YMax, 0 to 1', 'the box is left out'));
      continue;
    }
    const label = { classId, x: (left + right) / 2, y: (top + bottom) / 2, w: right - left, h: bottom - top };
    const known = labels.get(text('ImageID'));
    if (known) known.push(label);
    else labels.set(text('ImageID'), [label]);
  }
  return E.right({ labels, faults });
};

/** An ID comes from a file and becomes part of a path. */
const safeId = /^[\w-]+$/;

/** Pictures that have a box of a wanted class. One that is not there is a fault and left out. */
export const readOpenImagesSet =
  (options: OpenImagesOptions): TE.TaskEither<Faults, ReadSet> =>
  async () => {
    const classes = await readOpenImagesClasses(options.classes)();
    if (E.isLeft(classes)) return classes;
    const names = options.names ?? classes.right.map(({ name }) => name);
    const classOf = new Map(
      classes.right.flatMap(({ id, name }) => (names.includes(name) ? [[id, names.indexOf(name)] as const] : [])),
    );
    const boxes = await TE.tryCatch(() => readBoxes(options, classOf), faultOf(options.boxes))();
    if (E.isLeft(boxes)) return boxes;
    if (E.isLeft(boxes.right)) return boxes.right;
    const { labels, faults } = boxes.right.right;
    const read = await mapTogether([...labels], async ([id, labels]): Promise<E.Either<DataFault, SetEntry>> => {
      const path = join(options.images, `${id}.jpg`);
      if (!safeId.test(id)) return E.left({ tag: 'unreadable', file: path, reason: 'its ID is no plain word' });
      return E.map((size: ImageSize) => ({ path, ...size, labels }))(await readImageSize(path)());
    });
    return E.right({
      names,
      entries: read.flatMap((r) => (E.isRight(r) ? [r.right] : [])),
      faults: [...faults, ...read.flatMap((r) => (E.isLeft(r) ? [r.left] : []))],
    });
  };
