/** Whole sets read from VOC and COCO folders: entries for `writeSet`, or for a loader. */
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { readText } from '../file.ts';
import { type CocoOptions, cocoToLabels, parseCoco } from '../labels/coco.ts';
import { parseImageList } from '../labels/image-list.ts';
import { parseVoc, type VocAnnotation, type VocOptions, vocToLabels } from '../labels/voc.ts';
import type { SetEntry } from './darknet.ts';

export type ReadSet = {
  readonly entries: readonly SetEntry[];
  readonly names: readonly string[];
  /** Boxes that were left out and why. */
  readonly faults: readonly DataFault[];
  /** What the author of a list should know. */
  readonly notes?: readonly string[];
};

export type VocSetOptions = VocOptions & {
  /** Class names in order; all that occur, sorted, unless told. */
  readonly names?: readonly string[];
};

/** Reads all, one after the other, and gathers the faults of all. */
const readAll =
  <A, B>(
    items: readonly A[],
    read: (item: A) => TE.TaskEither<readonly DataFault[], B>,
  ): TE.TaskEither<readonly DataFault[], readonly B[]> =>
  async () => {
    const results = [];
    for (const item of items) results.push(await read(item)());
    const faults = results.flatMap((result) => (E.isLeft(result) ? result.left : []));
    return faults.length > 0 ? E.left(faults) : E.right(results.flatMap((r) => (E.isRight(r) ? [r.right] : [])));
  };

/** `root` holds `Annotations`, `JPEGImages` and `ImageSets/Main/<set>.txt`. Broken annotations are reported together. */
export const readVocSet = (
  root: string,
  set: string,
  options: VocSetOptions = {},
): TE.TaskEither<readonly DataFault[], ReadSet> => {
  const one = <T>(fault: T): readonly T[] => [fault];
  const read = (id: string): TE.TaskEither<readonly DataFault[], { file: string; annotation: VocAnnotation }> => {
    const file = join(root, 'Annotations', `${id}.xml`);
    return pipe(
      readText(file),
      TE.mapLeft(one),
      TE.flatMapEither((text) => parseVoc(text, file)),
      TE.map((annotation) => ({ file, annotation })),
    );
  };
  return pipe(
    readText(join(root, 'ImageSets', 'Main', `${set}.txt`)),
    TE.mapLeft(one),
    // A line may carry a second column (1, 0 or -1) in the lists of one class.
    TE.map((text) => parseImageList(text).map((line) => line.split(/\s+/)[0])),
    TE.flatMap((ids) => readAll(ids, read)),
    TE.map((read) => {
      const found = new Set(read.flatMap(({ annotation }) => annotation.objects.map((o) => o.name)));
      const names = options.names ?? [...found].sort();
      const converted = read.map(({ file, annotation }) => ({
        annotation,
        ...vocToLabels(annotation, names, file, options),
      }));
      return {
        names,
        entries: converted.map(({ annotation: { filename, width, height }, labels }) => ({
          path: join(root, 'JPEGImages', filename),
          width,
          height,
          labels,
        })),
        faults: converted.flatMap(({ faults }) => faults),
      };
    }),
  );
};

/** The pictures of an instances file lie in `images`. */
export const readCocoSet = (
  instances: string,
  images: string,
  options: CocoOptions = {},
): TE.TaskEither<readonly DataFault[], ReadSet> =>
  pipe(
    readText(instances),
    TE.mapLeft((fault): readonly DataFault[] => [fault]),
    TE.flatMapEither((text) => parseCoco(text, instances)),
    TE.map((coco) => {
      const { names, images: converted, faults } = cocoToLabels(coco, instances, options);
      const entries = converted.map(({ image, labels }) => ({
        path: join(images, image.file_name),
        width: image.width,
        height: image.height,
        labels,
      }));
      return { entries, names, faults };
    }),
  );
