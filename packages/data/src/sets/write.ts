/** Sets written in the layouts of VOC and COCO; `darknet.ts` has Darknet's. */
import { extname, join, resolve } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { writeWhole } from '../file.ts';
import { labelsToVoc } from '../labels/voc.ts';
import { fileNames, instancesOf, placeFile, type SetEntry, type SetParts } from './darknet.ts';

export type Placing = 'copy' | 'link';

const partNames = ['train', 'valid'] as const;
const lines = (values: readonly string[]): string => values.map((value) => `${value}\n`).join('');
const stem = (file: string): string => file.slice(0, file.length - extname(file).length);

/** Absolute paths. */
export type VocFiles = {
  readonly root: string;
  readonly train: string;
  readonly valid: string;
  readonly names: string;
};

/** `Annotations`, `JPEGImages`, `ImageSets/Main/{train,val}.txt`, and the names in order, which VOC itself does not keep. */
export const writeVocSet = (
  folder: string,
  parts: SetParts,
  names: readonly string[],
  images: Placing = 'copy',
): TE.TaskEither<DataFault, VocFiles> => {
  const root = resolve(folder);
  const main = join(root, 'ImageSets', 'Main');
  const files: VocFiles = {
    root,
    train: join(main, 'train.txt'),
    valid: join(main, 'val.txt'),
    names: join(root, 'classes.names'),
  };
  // All in one folder: a picture of both parts is one file, two of the same name are two.
  const all = partNames.flatMap((part) => parts[part]);
  const named = fileNames(all);
  const put = (entry: SetEntry, file: string): TE.TaskEither<DataFault, void> =>
    pipe(
      placeFile(entry.path, join(root, 'JPEGImages', file), images),
      TE.flatMap(() =>
        writeWhole(
          join(root, 'Annotations', `${stem(file)}.xml`),
          labelsToVoc(file, entry.width, entry.height, entry.labels, names),
        ),
      ),
    );
  const ids = named.map(stem);
  return pipe(
    all,
    TE.traverseSeqArrayWithIndex((i, entry) => put(entry, named[i])),
    TE.flatMap(() => writeWhole(files.train, lines(ids.slice(0, parts.train.length)))),
    TE.flatMap(() => writeWhole(files.valid, lines(ids.slice(parts.train.length)))),
    TE.flatMap(() => writeWhole(files.names, lines(names))),
    TE.map(() => files),
  );
};

/** Absolute paths: instances of each part and the folders of their pictures. */
export type CocoFiles = {
  readonly train: string;
  readonly trainImages: string;
  readonly valid: string;
  readonly validImages: string;
};

/** `annotations/instances_{train,valid}.json`, and the pictures in `train` and `valid`. */
export const writeCocoSet = (
  folder: string,
  parts: SetParts,
  names: readonly string[],
  images: Placing = 'copy',
): TE.TaskEither<DataFault, CocoFiles> => {
  const root = resolve(folder);
  const files: CocoFiles = {
    train: join(root, 'annotations', 'instances_train.json'),
    trainImages: join(root, 'train'),
    valid: join(root, 'annotations', 'instances_valid.json'),
    validImages: join(root, 'valid'),
  };
  const writePart = (part: keyof SetParts): TE.TaskEither<DataFault, void> => {
    const named = fileNames(parts[part]).map((file) => join(files[`${part}Images`], file));
    const moved = parts[part].map((entry, i) => ({ ...entry, path: named[i] }));
    return pipe(
      parts[part],
      TE.traverseSeqArrayWithIndex((i, entry) => placeFile(entry.path, named[i], images)),
      TE.flatMap(() => writeWhole(files[part], instancesOf(moved, names))),
    );
  };
  return pipe(
    writePart('train'),
    TE.flatMap(() => writePart('valid')),
    TE.map(() => files),
  );
};
