/** What the converters have in common: pictures with boxes to a set in the layout of Darknet, VOC or COCO. */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  type DataFault,
  type Placing,
  type ReadSet,
  type SetEntry,
  type SetParts,
  showFault,
  writeCocoSet,
  writeSet,
  writeVocSet,
} from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { flag, needed, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { oneOf, text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { dataFailure, type Failure, refused } from '../core/failure.ts';

type Layout = 'darknet' | 'voc' | 'coco';

type Written = {
  /** What the next command is given. */
  readonly main: string;
  readonly files: object;
};

type Writer = (
  out: string,
  parts: SetParts,
  names: readonly string[],
  images: Placing,
) => TE.TaskEither<DataFault, Written>;

const writers: { readonly [L in Layout]: Writer } = {
  darknet: (out, parts, names, images) =>
    TE.map((files: { readonly data: string }) => ({ main: files.data, files }))(
      writeSet(out, basename(resolve(out)), parts, names, images),
    ),
  voc: (out, parts, names, images) =>
    TE.map((files: { readonly root: string }) => ({ main: files.root, files }))(writeVocSet(out, parts, names, images)),
  coco: (out, parts, names, images) =>
    TE.map((files: { readonly train: string; readonly valid: string }) => ({
      main: `${files.train}\n${files.valid}`,
      files,
    }))(writeCocoSet(out, parts, names, images)),
};

const layouts = oneOf<Layout>('darknet', 'voc', 'coco');

export const placeOptions = {
  out: needed(text, { placeholder: 'dir', doc: 'where to; made when missing' }),
  copy: flag('copy the images in place of linking them'),
  json,
};

/** Converters read one layout and write any. */
export const setOptions = {
  to: withDefault(layouts, 'darknet', { placeholder: 'darknet|voc|coco', doc: 'the layout to write' }),
  ...placeOptions,
};

type Options = { readonly to: Layout; readonly out: string; readonly copy: boolean; readonly json: boolean };

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

const boxesIn = (entries: readonly SetEntry[]): number => entries.reduce((sum, { labels }) => sum + labels.length, 0);

/** Boxes that were left out are listed. Images that are not there end in `incomplete`, after all others are written. */
export const writeParts = (
  parts: { readonly train: ReadSet; readonly valid: ReadSet },
  { to, out, copy, json }: Options,
  { print, tell }: Context,
): TE.TaskEither<Failure, void> => {
  const { train, valid } = parts;
  if (!sameNames(train.names, valid.names)) {
    const what = `the classes of the two parts differ: ${train.names.join(', ')} and ${valid.names.join(', ')}`;
    return TE.left(refused(what, 'give both the same classes'));
  }
  const all = [...new Set([...train.entries, ...valid.entries])];
  const there = new Set(all.filter(({ path }) => existsSync(path)));
  const missing = all.filter((entry) => !there.has(entry));
  const usable = ({ entries }: ReadSet): readonly SetEntry[] => entries.filter((entry) => there.has(entry));
  const left = { train: usable(train), valid: usable(valid) };
  const faults = [...new Set([...train.faults, ...valid.faults])];
  for (const fault of faults) tell(`left out: ${showFault(fault)}`);
  for (const { path } of missing) tell(`left out: ${path}: there is no such file`);
  if (left.train.length === 0 || left.valid.length === 0) {
    return TE.left(
      refused(`${missing[0]?.path ?? out}: no image of a part is there`, 'look at the folder of the images'),
    );
  }
  return pipe(
    writers[to](out, left, train.names, copy ? 'copy' : 'link'),
    TE.mapLeft(dataFailure),
    TE.tapIO(({ main, files }) => () => {
      const boxes = { train: boxesIn(left.train), valid: boxesIn(left.valid) };
      for (const part of ['train', 'valid'] as const) {
        tell(`${part}: ${left[part].length} images, ${boxes[part]} boxes`);
      }
      const images = { train: left.train.length, valid: left.valid.length };
      const counts = { images, boxes, leftOut: faults.length, missing: missing.length };
      print(json ? JSON.stringify({ files, ...counts }) : main);
    }),
    TE.flatMap(() =>
      missing.length === 0
        ? TE.right(undefined)
        : TE.left<Failure>({
            tag: 'incomplete',
            what: `${missing.length} images are not there; they are listed above`,
          }),
    ),
  );
};
