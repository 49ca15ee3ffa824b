/** `gdarknet shapes-demo`, which `npm start` runs: the whole line before a newcomer's eyes, with nothing but what is embedded. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '@gdarknet/tensor';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { listOf, number, oneOf, text, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { clock } from '../core/progress.ts';
import { fitInto } from '../demo/budget.ts';
import { type DemoOutcome, runDemo } from '../demo/demo.ts';
import { type DemoPlan, losses, names } from '../demo/plan.ts';
import { resultTable, scoresOf } from '../demo/report.ts';
import { deviceOptions, withDevice } from '../inputs/device.ts';

/** A run is never mixed with an earlier one. */
const freshFolder = (): string => {
  for (let i = 1; ; i++) {
    const folder = join('runs', `shapes-${i}`);
    if (!existsSync(folder)) return folder;
  }
};

const show = ({ folder, rows, seconds }: DemoOutcome, asJson: boolean, { print, tell }: Context): void => {
  if (asJson) {
    const results = rows.map(({ loss, assessment }) => ({ loss, ...scoresOf(assessment) }));
    print(JSON.stringify({ folder, seconds, results }));
    return;
  }
  print(resultTable(rows));
  tell(`done in ${clock(seconds)}; look at`);
  for (const { loss } of rows)
    tell(`  ${join(folder, `validation-${loss}.png`)}  true boxes white, predictions in colour`);
  tell(`  ${join(folder, 'loss.svg')}, ap-iou.svg, ap-giou.svg`);
  tell(`  ${join(folder, '<loss>')}: weights, log.csv, events and charts of each run`);
};

const options = {
  out: optional(text, { placeholder: 'dir', doc: 'folder for everything [runs/shapes-<n>, a new one]' }),
  losses: withDefault(listOf(oneOf('mse', 'iou', 'giou')), losses, { placeholder: 'loss,loss', doc: 'which losses' }),
  batches: withDefault(whole({ min: 1 }), 1300, { placeholder: 'n', doc: 'updates for each loss, if the time allows' }),
  minutes: withDefault(number({ min: 0 }), 0, {
    placeholder: 'm',
    doc: 'fewer updates where all would take longer than this; 0 is no limit',
  }),
  batch: withDefault(whole({ min: 1 }), 16, { placeholder: 'n', doc: 'pictures of an update' }),
  rate: optional(number({ min: 0 }), { placeholder: 'r', doc: "learning rate [the network's own]" }),
  size: withDefault(whole({ min: 32, max: 608 }), 128, {
    placeholder: 'px',
    doc: 'side of the pictures, a multiple of 16',
  }),
  train: withDefault(whole({ min: 1 }), 2000, { placeholder: 'n', doc: 'training pictures' }),
  valid: withDefault(whole({ min: 1 }), 200, { placeholder: 'n', doc: 'validation pictures, from another seed' }),
  seed: withDefault(whole({ min: 0, max: 2 ** 32 - 2 }), 1, { placeholder: 'n', doc: 'of everything' }),
  ...deviceOptions,
  json,
};

const start = (plan: DemoPlan, minutes: number, device: Device, { tell }: Context) => {
  tell(`pictures of ${plan.size} x ${plan.size}: ${names.join(', ')}; ${plan.valid} from another seed for validation`);
  tell(`the same network from the same start with ${plan.losses.join(', ')} loss, on ${device.description}`);
  return minutes === 0 ? TE.right<Failure, DemoPlan>(plan) : fitInto(plan, minutes, device);
};

export const shapesDemo = command({
  path: ['shapes-demo'],
  product: 'files',
  summary:
    'Train the same small network with the mse, the IoU and the GIoU loss on generated pictures, and compare them on both metrics.',
  positionals: {},
  options,
  run: ({ out, minutes, json, device, threads, ...plan }, context) => {
    if (plan.size % 16 !== 0) return TE.left(refused(`--size ${plan.size}: is no multiple of 16`, 'give one that is'));
    const root = out ?? freshFolder();
    return withDevice({ device, threads })((opened) =>
      pipe(
        start(plan, minutes, opened, context),
        TE.tapIO((plan) => () => context.tell(`${plan.batches} batches of ${plan.batch} for each loss, into ${root}`)),
        TE.flatMap((plan) => runDemo(plan, root, opened, context)),
        TE.map((outcome) => show(outcome, json, context)),
      ),
    );
  },
});
