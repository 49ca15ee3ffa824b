/** The result files of `valid` (SPEC 6.5), written while pictures come in: their memory does not grow. */
import { isAbsolute, join } from 'node:path';
import {
  cocoCategoryIds,
  cocoImageId,
  cocoRows,
  type DataConfig,
  type FileFault,
  imagenetLines,
  vocFileName,
  vocImageId,
  vocLines,
} from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { type Failure, modelFailure, refused } from '../core/failure.ts';
import type { Found } from '../detection/detect-all.ts';
import { openSpool, type Spool } from './spool.ts';

export type Gatherer = {
  /** Throws a `SpoolError` where the disk refuses. */
  readonly add: (found: Found) => void;
  /** All files, also those that stay empty. */
  readonly paths: readonly string[];
  /** How many detections. */
  readonly count: () => number;
  /** The files appear together, or not at all. */
  readonly finish: () => TaskEither<Failure, void>;
  /** Nothing of them stays. */
  readonly discard: () => void;
};

export type GatherOptions = {
  readonly folder: string;
  /** Stem (voc) or file name (coco, imagenet) in place of the usual, as `-out`. */
  readonly out: string | undefined;
  readonly names: readonly string[];
  /** All images, in order. */
  readonly images: readonly string[];
  /** Image ids as the original takes them from paths. */
  readonly compat: boolean;
};

type Kind = (options: GatherOptions, spool: Spool) => E.Either<Failure, Gatherer>;

const linesIn = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
};

const voc: Kind = ({ folder, out, names }, { write, commit, discard }) => {
  const paths = names.map((name) => join(folder, vocFileName(name, out)));
  let count = 0;
  return E.right({
    add: ({ picture: { path, width, height }, candidates }) => {
      vocLines(candidates, { width, height, id: vocImageId(path) }).forEach((lines, c) => {
        if (lines === '') return;
        count += linesIn(lines);
        write(paths[c], lines);
      });
    },
    paths,
    count: () => count,
    finish: () => commit(paths),
    discard,
  });
};

const withExtension = (name: string, extension: string): string => (name.endsWith(extension) ? name : name + extension);

/** As `cocoText` of all rows. */
const coco: Kind = ({ folder, out = 'coco_results', names, images, compat }, { write, commit, discard }) => {
  if (names.length > cocoCategoryIds.length) {
    const what = `eval=coco knows ${cocoCategoryIds.length} categories, the network has ${names.length} classes`;
    return E.left(refused(what, 'set eval=voc in the .data file'));
  }
  const ids = images.map((path) => cocoImageId(path, { compat }));
  const faults: readonly FileFault[] = ids.flatMap((id) => (E.isLeft(id) ? id.left : []));
  if (faults.length > 0) return E.left(modelFailure(faults));
  const path = join(folder, withExtension(out, '.json'));
  let count = 0;
  return E.right({
    add: ({ picture: { index, width, height }, candidates }) => {
      const id = E.getOrElse(() => 0)(ids[index]);
      for (const row of cocoRows(candidates, { width, height, id })) {
        write(path, `${count === 0 ? '[\n' : ',\n'}${row}`);
        count++;
      }
    },
    paths: [path],
    count: () => count,
    finish: () => {
      write(path, count === 0 ? '[\n]\n' : '\n]\n');
      return commit([path]);
    },
    discard,
  });
};

const imagenet: Kind = ({ folder, out = 'imagenet-detection' }, { write, commit, discard }) => {
  const path = join(folder, withExtension(out, '.txt'));
  let count = 0;
  return E.right({
    add: ({ picture: { index, width, height }, candidates }) => {
      const lines = imagenetLines(candidates, { width, height, index: index + 1 });
      count += linesIn(lines);
      if (lines !== '') write(path, lines);
    },
    paths: [path],
    count: () => count,
    finish: () => commit([path]),
    discard,
  });
};

const kinds: { readonly [K in DataConfig['eval']]: Kind } = { voc, coco, imagenet };

export const gatherer = (kind: DataConfig['eval'], options: GatherOptions): E.Either<Failure, Gatherer> =>
  options.out !== undefined && isAbsolute(options.out)
    ? E.left(refused(`--out ${options.out}: is a path`, 'give the folder with --results and a name with --out'))
    : kinds[kind](options, openSpool());
