/** The embedded set as files in Darknet's layout, with COCO instances of the validation part beside them. */
import { join, resolve } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { writePng } from '../image/encode.ts';
import { writeLabels } from '../labels/label.ts';
import { type SetEntry, type SetFiles, writeSetFiles } from '../sets/darknet.ts';
import { shapeNames } from './outline.ts';
import { shapesSample } from './sample.ts';

export type ShapesOptions = {
  /** Numbers of pictures. */
  readonly train: number;
  readonly valid: number;
  /** Side of the square pictures in pixels. */
  readonly size: number;
  /** The training pictures' seed; the validation pictures use the next one. */
  readonly seed: number;
};

/** Pictures encoded at the same time. */
const together = 8;

const writeOne = (
  folder: string,
  part: string,
  seed: number,
  index: number,
  size: number,
): TE.TaskEither<DataFault, SetEntry> => {
  const { image, boxes } = shapesSample(seed, index, size);
  // The original reads a COCO image id from behind the last underscore of a path; ids count from 1.
  const stem = `${part}_${String(index + 1).padStart(6, '0')}`;
  const path = join(folder, 'images', part, `${stem}.png`);
  return pipe(
    writePng(path, image),
    TE.flatMap(() => writeLabels(join(folder, 'labels', part, `${stem}.txt`), boxes)),
    TE.map(() => ({ path, width: size, height: size, labels: boxes })),
  );
};

const writePart = (
  folder: string,
  part: string,
  seed: number,
  count: number,
  size: number,
): TE.TaskEither<DataFault, readonly SetEntry[]> => {
  const slice = (from: number): TE.TaskEither<DataFault, readonly SetEntry[]> => {
    const indices = Array.from({ length: Math.min(together, count - from) }, (_, i) => from + i);
    return TE.traverseArray((index: number) => writeOne(folder, part, seed, index, size))(indices);
  };
  const starts = Array.from({ length: Math.ceil(count / together) }, (_, i) => i * together);
  return pipe(
    TE.traverseSeqArray(slice)(starts),
    TE.map((slices) => slices.flat()),
  );
};

/** Writes the set under `folder` as `shapes.data`, `shapes.names`, lists, pictures, labels and instances. */
export const writeShapes = (folder: string, options: ShapesOptions): TE.TaskEither<DataFault, SetFiles> => {
  const root = resolve(folder);
  const { train, valid, size, seed } = options;
  return pipe(
    TE.Do,
    TE.bind('train', () => writePart(root, 'train', seed, train, size)),
    TE.bind('valid', () => writePart(root, 'valid', seed + 1, valid, size)),
    TE.flatMap((parts) => writeSetFiles(root, 'shapes', parts, shapeNames)),
  );
};
