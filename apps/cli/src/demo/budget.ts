/** How many updates fit into a time: a few are made and timed. */
import { performance } from 'node:perf_hooks';
import type { Device } from '@gdarknet/tensor';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Failure, thrown } from '../core/failure.ts';
import { withTrainer } from '../training/trainer.ts';
import { cfgOf, type DemoPlan } from './plan.ts';
import { streamOf } from './stream.ts';

/** The first step also makes the plan. */
const warmUp = 2;
const timed = 5;
/** Of the time, for assessments, charts and pictures. */
const reserve = 0.12;
const fewest = 20;

const secondsPerStep = (plan: DemoPlan, device: Device): TE.TaskEither<Failure, number> =>
  withTrainer(
    {
      cfg: { file: 'shapes.cfg', text: cfgOf(plan, 'giou') },
      weights: undefined,
      values: { seed: plan.seed, gradient: 'darknet', ignore: [], strict: false },
    },
    device,
  )((trainer) =>
    TE.tryCatch(async () => {
      const stream = streamOf(plan, trainer);
      try {
        let from = 0;
        for (let step = 0; step < warmUp + timed; step++) {
          if (step === warmUp) from = performance.now();
          const { value } = await stream.next();
          await trainer.step(value);
        }
        return (performance.now() - from) / 1000 / timed;
      } finally {
        await stream.close();
      }
    }, thrown),
  );

/** The plan with as many of its batches as `minutes` allow for all losses together. */
export const fitInto = (plan: DemoPlan, minutes: number, device: Device): TE.TaskEither<Failure, DemoPlan> =>
  pipe(
    secondsPerStep(plan, device),
    TE.map((seconds) => {
      const share = (60 * minutes * (1 - reserve)) / plan.losses.length;
      return { ...plan, batches: Math.min(plan.batches, Math.max(fewest, Math.floor(share / seconds))) };
    }),
  );
