/** The options that say what checkpoints are evaluated on, and the sets they make. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataConfig } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { optional, withDefault } from '../arguments/option.ts';
import { oneOf, text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { dataOf, imagesOf, namesOf } from '../inputs/files.ts';
import { cocoTruth, labelTruth, type Truth, vocTruth } from './truth.ts';
import type { WatchedSet } from './watch.ts';

export const setOptions = {
  gt: optional(text, {
    placeholder: 'instances.json',
    doc: "COCO's annotations of the valid= list (minival); without them and without --voc-dir the label files are the truth",
  }),
  val2017: optional(text, {
    placeholder: 'x.data',
    doc: 'a second .data file, scored as val2017-iou and val2017-giou [<data>.val2017.data when it is there]',
  }),
  gt2017: optional(text, { placeholder: 'instances.json', doc: "COCO's annotations of the second list" }),
  vocDir: optional(text, {
    placeholder: 'VOCdevkit',
    doc: "the folder that holds VOC<year>: VOC's annotations and rules",
  }),
  year: withDefault(text, '2007', { placeholder: 'y', doc: 'which VOC<year>' }),
  imageSet: withDefault(text, 'test', { placeholder: 's', doc: 'the list ImageSets/Main/<s>.txt' }),
  rule: optional(oneOf('07', 'area'), {
    placeholder: '07|area',
    doc: 'average precision by 11 points or by area [07 before 2010, area from then on]',
  }),
  metric: withDefault(oneOf('iou', 'giou', 'both'), 'both', {
    placeholder: 'both',
    doc: 'accepted: detecting costs, scoring does not, so both are always recorded',
  }),
};

export type SetChoice = {
  readonly data: string;
  readonly gt: string | undefined;
  readonly val2017: string | undefined;
  readonly gt2017: string | undefined;
  readonly vocDir: string | undefined;
  readonly year: string;
  readonly imageSet: string;
  readonly rule: '07' | 'area' | undefined;
};

type Inputs = { readonly data: DataConfig; readonly names: readonly string[]; readonly images: readonly string[] };

const inputsOf = (file: string, classes: number, context: Context): TE.TaskEither<Failure, Inputs> =>
  pipe(
    TE.Do,
    TE.bind('data', () => dataOf(file, context)),
    TE.bind('names', ({ data }) => namesOf(data, classes, context)),
    TE.bind('images', ({ data }) => imagesOf(data, 'valid', context)),
  );

const watched =
  (kind: WatchedSet['kind'], prefix: string, images: readonly string[]) =>
  (truth: Truth): WatchedSet => ({
    kind,
    prefix,
    truth,
    images,
  });

const mainSet = (choice: SetChoice, classes: number, context: Context): TE.TaskEither<Failure, WatchedSet> =>
  pipe(
    inputsOf(choice.data, classes, context),
    TE.flatMap(({ names, images }) => {
      const { gt, vocDir, year, imageSet } = choice;
      if (gt !== undefined) return TE.map(watched('coco', '', images))(cocoTruth(gt, images));
      if (vocDir === undefined) return TE.right(watched('labels', '', images)(labelTruth(names)));
      const rule = choice.rule ?? (Number(year) < 2010 ? '07' : 'area');
      return TE.map(watched('voc', '', images))(vocTruth({ vocDir, year, imageSet, rule }, names, images));
    }),
  );

const secondSet = (
  choice: SetChoice,
  classes: number,
  context: Context,
): TE.TaskEither<Failure, readonly WatchedSet[]> => {
  const beside = `${choice.data.replace(/[.]data$/, '')}.val2017.data`;
  const file = choice.val2017 ?? (choice.gt !== undefined && existsSync(beside) ? beside : undefined);
  if (file === undefined) return TE.right([]);
  const { gt2017 } = choice;
  if (gt2017 === undefined) {
    return TE.left(
      refused(`${file}: a second list without annotations`, 'give them with --gt2017 instances_val2017.json'),
    );
  }
  return pipe(
    inputsOf(file, classes, context),
    TE.flatMap(({ images }) =>
      TE.map((truth: Truth) => [watched('coco', 'val2017-', images)(truth)])(cocoTruth(gt2017, images)),
    ),
  );
};

/** What `--gt`, `--voc-dir` and their like ask for: one set, or COCO's minival and val2017. */
export const setsOf = (
  choice: SetChoice,
  classes: number,
  context: Context,
): TE.TaskEither<Failure, readonly WatchedSet[]> =>
  pipe(
    TE.Do,
    TE.apS('main', mainSet(choice, classes, context)),
    TE.apS('second', secondSet(choice, classes, context)),
    TE.map(({ main, second }) => [main, ...second]),
  );

/** `<weights folder>` when the option is not given: where `train` writes. */
export const folderOf = ({ backup, prefix }: DataConfig): string => join(backup ?? 'backup', prefix);

/** The same choice as words of a command line. */
export const setWords = ({
  gt,
  val2017,
  gt2017,
  vocDir,
  year,
  imageSet,
  rule,
}: Omit<SetChoice, 'data'>): readonly string[] =>
  Object.entries({
    '--gt': gt,
    '--val2017': val2017,
    '--gt2017': gt2017,
    '--voc-dir': vocDir,
    ...(vocDir === undefined ? {} : { '--year': year, '--image-set': imageSet, '--rule': rule }),
  }).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
