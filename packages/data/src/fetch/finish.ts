/** Lists and labels of fetched sets, as the original's scripts leave them, without their defects (SPEC 9.3, D-24). */
import { basename, extname, join, resolve } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { readText, writeWhole } from '../file.ts';
import { parseImageList } from '../labels/image-list.ts';
import { writeLabels } from '../labels/label.ts';
import type { SetEntry } from '../sets/darknet.ts';
import { type ReadSet, readCocoSet, readVocSet } from '../sets/read.ts';

type Faults = readonly DataFault[];
type Finish = (folder: string) => TE.TaskEither<Faults, readonly string[]>;

const one = (fault: DataFault): Faults => [fault];
const list = (path: string, images: readonly string[]): TE.TaskEither<Faults, string> =>
  pipe(
    writeWhole(path, images.map((image) => `${image}\n`).join('')),
    TE.bimap(one, () => path),
  );

/** `labels/<stem>.txt` beside the folder of pictures. */
const writeAllLabels = (entries: readonly SetEntry[], labels: string): TE.TaskEither<Faults, unknown> =>
  pipe(
    entries,
    TE.traverseSeqArray(({ path, labels: boxes }) =>
      writeLabels(join(labels, `${basename(path, extname(path))}.txt`), boxes),
    ),
    TE.mapLeft(one),
  );

// biome-ignore format: VOC's classes in the order of its names file
const vocNames = [
  'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow', 'diningtable', 'dog', 'horse',
  'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor',
];

const vocParts = [
  ['2012', 'train'],
  ['2012', 'val'],
  ['2007', 'train'],
  ['2007', 'val'],
  ['2007', 'test'],
] as const;

/** `<year>_<set>.txt`, `train.txt` (all but the 2007 test), `voc.names`; label files in each year's `labels`. */
const voc: Finish = (folder) => {
  const root = resolve(folder);
  const part = ([year, set]: readonly [string, string]): TE.TaskEither<Faults, readonly string[]> => {
    const home = join(root, 'VOCdevkit', `VOC${year}`);
    return pipe(
      readVocSet(home, set, { names: vocNames, unknown: 'skip' }),
      TE.tap(({ entries }: ReadSet) => writeAllLabels(entries, join(home, 'labels'))),
      TE.map(({ entries }) => entries.map(({ path }) => path)),
      TE.tap((paths) => list(join(root, `${year}_${set}.txt`), paths)),
    );
  };
  return pipe(
    vocParts,
    TE.traverseSeqArray(part),
    TE.flatMap((parts) =>
      pipe(
        list(join(root, 'voc.names'), vocNames),
        TE.flatMap(() => list(join(root, 'train.txt'), parts.slice(0, 4).flat())),
        TE.map((train) => [train, join(root, '2007_test.txt')]),
      ),
    ),
  );
};

/** The published lists of parts, with the folder in front: `coco_val_5k.txt`, `trainvalno5k.txt`. */
const coco2014: Finish = (folder) => {
  const root = resolve(folder);
  const prefixed = (from: string, to: string): TE.TaskEither<Faults, string> =>
    pipe(
      readText(join(root, from)),
      TE.mapLeft(one),
      TE.flatMap((text) =>
        list(
          join(root, to),
          parseImageList(text).map((path) => join(root, path)),
        ),
      ),
    );
  return TE.sequenceSeqArray([
    prefixed('trainvalno5k.part', 'trainvalno5k.txt'),
    prefixed('5k.part', 'coco_val_5k.txt'),
  ]);
};

/** Labels and lists of both parts, which the original's script leaves out. */
const coco2017: Finish = (folder) => {
  const root = resolve(folder);
  const part = (name: string): TE.TaskEither<Faults, string> =>
    pipe(
      readCocoSet(join(root, 'annotations', `instances_${name}.json`), join(root, 'images', name)),
      TE.tap(({ entries }) => writeAllLabels(entries, join(root, 'labels', name))),
      TE.tap(({ names }) => list(join(root, 'coco.names'), names)),
      TE.flatMap(({ entries }) =>
        list(
          join(root, `${name}.txt`),
          entries.map(({ path }) => path),
        ),
      ),
    );
  return TE.sequenceSeqArray([part('train2017'), part('val2017')]);
};

/** What is left to do when the files of a source are there; gives the files to go on with. */
export const finishSource: { readonly [name: string]: Finish } = { voc, coco2014, coco2017 };
