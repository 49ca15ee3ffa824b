/** `gdarknet anchors`: anchors for a set by k-means, as AlexeyAB's `detector calc_anchors`. */
import { type AnchorFit, type BoxSize, clusterAnchors, fitOf, sizesAt } from '@gdarknet/data';
import type { NetworkPlan } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arguments, command } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { anchorsIn, anchorText, withAnchors } from '../inputs/anchors.ts';
import { cfgOptions } from '../inputs/cfg.ts';
import { type DataSet, dataSetOptions, dataSetPositional, dataSetWithPlan } from '../inputs/data-set.ts';
import { textOf } from '../inputs/files.ts';
import { writeSet } from '../outputs/write-set.ts';

const defaultSide = 416;

const options = {
  cfg: optional(text, { placeholder: 'file', doc: 'the network they are for' }),
  ...cfgOptions,
  count: optional(whole({ min: 1, max: 1000 }), {
    placeholder: 'n',
    doc: 'how many [as many as the cfg has, else 9]',
    spellings: ['-num_of_clusters'],
  }),
  width: optional(whole({ min: 1 }), {
    placeholder: 'px',
    doc: "the network's input [that of the cfg, else 416]",
    spellings: ['-width'],
  }),
  height: optional(whole({ min: 1 }), { placeholder: 'px', doc: 'the same', spellings: ['-height'] }),
  seed: withDefault(whole({ min: 0 }), 0, { placeholder: 'n', doc: 'of the first guesses' }),
  write: flag('replace the anchors= lines of --cfg'),
  ...dataSetOptions,
  json,
  show: flag('accepted from the command line of AlexeyAB', ['-show']),
};

type Values = Arguments<typeof dataSetPositional, typeof options>;

type Made = {
  readonly width: number;
  readonly height: number;
  readonly sizes: readonly BoxSize[];
  readonly before: readonly BoxSize[] | undefined;
  readonly anchors: readonly BoxSize[];
  readonly fit: AnchorFit;
};

/** What a cfg holds are whole pixels, so that is what is measured. */
const inPixels = (exact: readonly BoxSize[]): readonly BoxSize[] =>
  exact.map(([w, h]) => [Math.max(1, Math.round(w)), Math.max(1, Math.round(h))]);

const make = (set: DataSet, plan: NetworkPlan | undefined, values: Values): E.Either<Failure, Made> => {
  const width = values.width ?? plan?.net.width ?? defaultSide;
  const height = values.height ?? plan?.net.height ?? defaultSide;
  const before = plan && anchorsIn(plan);
  const sizes = sizesAt(set.train.entries, width, height);
  const count = values.count ?? before?.length ?? 9;
  const few = refused(`${set.name}: has fewer than ${count} different box sizes`, 'ask for fewer with --count');
  return pipe(
    E.tryCatch(
      () => clusterAnchors(sizes, { count, seed: values.seed }),
      () => few,
    ),
    E.map(inPixels),
    E.map((anchors) => ({ width, height, sizes, before, anchors, fit: fitOf(sizes, anchors) })),
  );
};

/** Only where they fit: another number of anchors would be another network. */
const write = (made: Made, plan: NetworkPlan, path: string): TE.TaskEither<Failure, void> => {
  const { anchors, before = [], width, height } = made;
  if (anchors.length !== before.length) {
    const what = `--count ${anchors.length}: ${path} has ${before.length} anchors`;
    return TE.left(refused(what, 'change num=, mask= and filters= of the cfg first, or leave --count out'));
  }
  if (plan.net.width !== width || plan.net.height !== height) {
    const what = `--width, --height: ${path} is ${plan.net.width} x ${plan.net.height}`;
    return TE.left(refused(what, 'leave them out with --write'));
  }
  return pipe(
    textOf(path),
    TE.flatMap((content) => writeSet([{ path, content: withAnchors(content, anchors) }])),
  );
};

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const report = (made: Made, asJson: boolean, { print, tell }: Context): void => {
  const { width, height, sizes, before, anchors, fit } = made;
  const fitBefore = before && before.length > 0 ? fitOf(sizes, before) : undefined;
  if (asJson) {
    const now = { anchors, ...fit, ...(fitBefore && { before: { anchors: before, ...fitBefore } }) };
    print(JSON.stringify({ boxes: sizes.length, width, height, ...now }));
    return;
  }
  tell(`${sizes.length} boxes at ${width} x ${height}`);
  const shown = ({ averageIou, recall }: AnchorFit): string =>
    `average IoU ${percent(averageIou)}, recall at 0.5 ${percent(recall)}`;
  if (fitBefore) tell(`anchors of the cfg: ${shown(fitBefore)}`);
  tell(`new: ${shown(fit)}`);
  print(`anchors = ${anchorText(anchors)}`);
};

export const anchors = command({
  path: ['anchors'],
  aliases: [['detector', 'calc_anchors']],
  product: 'both',
  summary: 'Anchors for the boxes of a set: k-means with 1 - IoU as the distance; prints the line for the cfg.',
  details: [
    'The average IoU is the mean, over the boxes of the training part, of the overlap with the best anchor.',
    'With --cfg the number of anchors and the input size are its own, and its present anchors are shown beside; --write puts the new ones into it.',
  ],
  examples: ['gdarknet anchors voc.data --count 9', 'gdarknet anchors voc.data --cfg yolov3-voc.cfg --write'],
  positionals: dataSetPositional,
  options,
  run: (values, context) => {
    if (values.write && values.cfg === undefined) {
      return TE.left(refused('--write: there is no cfg to write to', 'name it with --cfg'));
    }
    return pipe(
      dataSetWithPlan(values, context),
      TE.bind('made', ({ plan, set }) => TE.fromEither(make(set, plan, values))),
      TE.tap(({ made, plan }) =>
        values.write && plan && values.cfg !== undefined ? write(made, plan, values.cfg) : TE.right(undefined),
      ),
      TE.map(({ made }) => report(made, values.json, context)),
    );
  },
});
