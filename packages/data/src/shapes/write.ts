/** The embedded set as files in Darknet's layout, with COCO instances of the validation part beside them. */
import { join, resolve } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { writeWhole } from '../file.ts';
import { writePng } from '../image/encode.ts';
import { type CocoImage, labelsToCoco } from '../labels/coco.ts';
import { type Label, writeLabels } from '../labels/label.ts';
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

/** Where things were written; absolute paths. */
export type ShapesFiles = {
  readonly data: string;
  readonly names: string;
  readonly train: string;
  readonly valid: string;
  readonly instances: string;
};

const together = 8;

type Entry = { readonly path: string; readonly image: CocoImage; readonly labels: readonly Label[] };

const writeOne = (
  folder: string,
  part: string,
  seed: number,
  index: number,
  size: number,
): TE.TaskEither<DataFault, Entry> => {
  const { image, boxes } = shapesSample(seed, index, size);
  // The original reads a COCO image id from behind the last underscore of a path.
  const stem = `${part}_${String(index + 1).padStart(6, '0')}`;
  const path = join(folder, 'images', part, `${stem}.png`);
  const entry = { id: index + 1, file_name: `${stem}.png`, width: size, height: size };
  return pipe(
    writePng(path, image),
    TE.flatMap(() => writeLabels(join(folder, 'labels', part, `${stem}.txt`), boxes)),
    TE.map(() => ({ path, image: entry, labels: boxes })),
  );
};

const writePart = (
  folder: string,
  part: string,
  seed: number,
  count: number,
  size: number,
): TE.TaskEither<DataFault, readonly Entry[]> => {
  const slice = (from: number): TE.TaskEither<DataFault, readonly Entry[]> => {
    const indices = Array.from({ length: Math.min(together, count - from) }, (_, i) => from + i);
    return TE.traverseArray((index: number) => writeOne(folder, part, seed, index, size))(indices);
  };
  const starts = Array.from({ length: Math.ceil(count / together) }, (_, i) => i * together);
  return pipe(
    TE.traverseSeqArray(slice)(starts),
    TE.map((slices) => slices.flat()),
  );
};

const list = (entries: readonly Entry[]): string => entries.map(({ path }) => `${path}\n`).join('');

/**
 * Writes `images/`, `labels/`, `train.txt`, `valid.txt`, `instances_valid.json`, `shapes.names` and `shapes.data`
 * under `folder`; image ids of the instances are the numbers in the file names.
 */
export const writeShapes = (folder: string, options: ShapesOptions): TE.TaskEither<DataFault, ShapesFiles> => {
  const root = resolve(folder);
  const { train, valid, size, seed } = options;
  const files: ShapesFiles = {
    data: join(root, 'shapes.data'),
    names: join(root, 'shapes.names'),
    train: join(root, 'train.txt'),
    valid: join(root, 'valid.txt'),
    instances: join(root, 'instances_valid.json'),
  };
  const settings = [
    ['classes', shapeNames.length],
    ['train', files.train],
    ['valid', files.valid],
    ['names', files.names],
    ['backup', join(root, 'backup')],
    ['results', join(root, 'results')],
    ['eval', 'coco'],
  ];
  return pipe(
    TE.Do,
    TE.bind('training', () => writePart(root, 'train', seed, train, size)),
    TE.bind('validation', () => writePart(root, 'valid', seed + 1, valid, size)),
    TE.tap(({ training }) => writeWhole(files.train, list(training))),
    TE.tap(({ validation }) => writeWhole(files.valid, list(validation))),
    TE.tap(({ validation }) => writeWhole(files.instances, JSON.stringify(labelsToCoco(validation, shapeNames)))),
    TE.tap(() => writeWhole(files.names, shapeNames.map((name) => `${name}\n`).join(''))),
    TE.tap(() => writeWhole(files.data, settings.map(([key, value]) => `${key} = ${value}\n`).join(''))),
    TE.map(() => files),
  );
};
