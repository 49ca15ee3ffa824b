/** The result files of `valid` (SPEC 6.5), gathered in memory while pictures come in. */
import { isAbsolute, join } from 'node:path';
import {
  cocoCategoryIds,
  cocoImageId,
  cocoRows,
  cocoText,
  type DataConfig,
  type FileFault,
  imagenetLines,
  vocFileName,
  vocImageId,
  vocLines,
} from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { Found } from '../detection/detect-all.ts';
import { type Failure, modelFailure, refused } from '../failure.ts';
import type { Output } from './write-set.ts';

export type Gatherer = {
  readonly add: (found: Found) => void;
  /** Everything, also files that stay empty. */
  readonly outputs: () => readonly Output[];
  /** How many detections. */
  readonly count: () => number;
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

type Kind = (options: GatherOptions) => E.Either<Failure, Gatherer>;

const voc: Kind = ({ folder, out, names }) => {
  const texts: string[][] = names.map(() => []);
  let count = 0;
  return E.right({
    add: ({ picture, candidates }) => {
      const id = vocImageId(picture.path);
      vocLines(candidates, { width: picture.width, height: picture.height, id }).forEach((lines, c) => {
        if (lines === '') return;
        count += lines.split('\n').length - 1;
        texts[c].push(lines);
      });
    },
    outputs: () => names.map((name, c) => ({ path: join(folder, vocFileName(name, out)), content: texts[c].join('') })),
    count: () => count,
  });
};

const withExtension = (name: string, extension: string): string => (name.endsWith(extension) ? name : name + extension);

const coco: Kind = ({ folder, out = 'coco_results', names, images, compat }) => {
  if (names.length > cocoCategoryIds.length) {
    const what = `eval=coco knows ${cocoCategoryIds.length} categories, the network has ${names.length} classes`;
    return E.left(refused(what, 'set eval=voc in the .data file'));
  }
  const ids = images.map((path) => cocoImageId(path, { compat }));
  const faults: readonly FileFault[] = ids.flatMap((id) => (E.isLeft(id) ? id.left : []));
  if (faults.length > 0) return E.left(modelFailure(faults));
  const rows: string[] = [];
  return E.right({
    add: ({ picture, candidates }) => {
      const id = E.getOrElse(() => 0)(ids[picture.index]);
      rows.push(...cocoRows(candidates, { width: picture.width, height: picture.height, id }));
    },
    outputs: () => [{ path: join(folder, withExtension(out, '.json')), content: cocoText(rows) }],
    count: () => rows.length,
  });
};

const imagenet: Kind = ({ folder, out = 'imagenet-detection' }) => {
  const texts: string[] = [];
  let count = 0;
  return E.right({
    add: ({ picture, candidates }) => {
      const size = { width: picture.width, height: picture.height };
      const lines = imagenetLines(candidates, { ...size, index: picture.index + 1 });
      count += lines.split('\n').length - 1;
      texts.push(lines);
    },
    outputs: () => [{ path: join(folder, withExtension(out, '.txt')), content: texts.join('') }],
    count: () => count,
  });
};

const kinds: { readonly [K in DataConfig['eval']]: Kind } = { voc, coco, imagenet };

export const gatherer = (kind: DataConfig['eval'], options: GatherOptions): E.Either<Failure, Gatherer> =>
  options.out !== undefined && isAbsolute(options.out)
    ? E.left(refused(`--out ${options.out}: is a path`, 'give the folder with --results and a name with --out'))
    : kinds[kind](options);
