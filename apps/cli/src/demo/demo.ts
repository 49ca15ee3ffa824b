/** Trains the same network with each loss from the same start, scores each on both metrics, and shows what came of it. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Device } from '@gdarknet/tensor';
import type { ZooLoss } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, thrown } from '../core/failure.ts';
import { version } from '../core/version.ts';
import { writeSet } from '../outputs/write-set.ts';
import { assessor } from '../training/assessor.ts';
import { openRun, runFolder } from '../training/run-folder.ts';
import { runSession, type Trained } from '../training/session.ts';
import { withTrainer } from '../training/trainer.ts';
import { sheet } from './pictures.ts';
import { cfgOf, type DemoPlan, names, validSource } from './plan.ts';
import { charts, type LossResult, resultTable, scoresOf } from './report.ts';
import { streamOf } from './stream.ts';

/** Pictures on a sheet. */
const shown = 12;
/** Assessments of each network, the final one among them. */
const assessments = 4;

const trainOne = (
  plan: DemoPlan,
  loss: ZooLoss,
  root: string,
  device: Device,
  context: Context,
): TE.TaskEither<Failure, LossResult> => {
  const cfg = cfgOf(plan, loss);
  const file = `shapes-${loss}.cfg`;
  const folder = runFolder(join(root, loss), file);
  const from = performance.now();
  const curve: [number, number][] = [];
  const done = (trained: Trained): E.Either<Failure, LossResult> =>
    trained.assessment === undefined
      ? E.left({ tag: 'interrupted', what: `the ${loss} run was not scored` })
      : E.right({ loss, assessment: trained.assessment, curve, seconds: (performance.now() - from) / 1000 });
  return withTrainer(
    {
      cfg: { file, text: cfg },
      weights: undefined,
      values: { seed: plan.seed, gradient: 'darknet', ignore: [], strict: false },
    },
    device,
  )((trainer) => {
    const progress = context.progress(loss, plan.batches * trainer.batch);
    const run = { gdarknet: version, command: ['gdarknet', ...context.argv], plan, loss, cfg: { file, text: cfg } };
    return pipe(
      openRun(folder, { ...run, device: { name: device.name, description: device.description } }),
      TE.flatMap(() =>
        runSession(
          {
            trainer,
            folder,
            limit: plan.batches,
            stream: streamOf(plan, trainer),
            assess: assessor({ cfg, cfgFile: file, device, names, images: validSource(plan), keep: shown }, context),
            assessEvery: Math.ceil(plan.batches / assessments),
            onUpdate: ({ batch, average, waitMs }) => {
              curve.push([batch, average]);
              progress.advance(batch * trainer.batch, waitMs, `loss ${average.toFixed(3)}`);
            },
          },
          context,
        ),
      ),
      (task) => async () => {
        const trained = await task();
        progress.end();
        return trained;
      },
      TE.flatMapEither(done),
    );
  });
};

export type DemoOutcome = { readonly folder: string; readonly rows: readonly LossResult[]; readonly seconds: number };

/** Into `root`, which is made: a run folder for each loss, charts, sheets of validation pictures, results.json. */
export const runDemo = (
  plan: DemoPlan,
  root: string,
  device: Device,
  context: Context,
): TE.TaskEither<Failure, DemoOutcome> => {
  const from = performance.now();
  return pipe(
    TE.Do,
    TE.bind('rows', () =>
      TE.traverseSeqArray((loss: ZooLoss) => trainOne(plan, loss, root, device, context))(plan.losses),
    ),
    TE.bind('sheets', ({ rows }) =>
      TE.tryCatch(
        () => Promise.all(rows.map(({ loss, assessment }) => sheet(plan, root, loss, assessment.kept))),
        thrown,
      ),
    ),
    TE.tap(({ rows, sheets }) => {
      const results = {
        gdarknet: version,
        plan,
        device: device.description,
        results: rows.map(({ loss, assessment, seconds }) => ({ loss, seconds, ...scoresOf(assessment) })),
      };
      return writeSet([
        ...charts(root, rows),
        ...sheets.flat(),
        { path: join(root, 'results.json'), content: `${JSON.stringify(results, null, 2)}\n` },
        { path: join(root, 'results.txt'), content: `${resultTable(rows)}\n` },
      ]);
    }),
    TE.map(({ rows }) => ({ folder: root, rows, seconds: (performance.now() - from) / 1000 })),
  );
};
