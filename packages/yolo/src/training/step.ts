/**
 * One update, as a function of values: the state before and a batch give the state after and a report. What computes comes
 * with the program. No clock, no files.
 */
import type { HostArray } from '@gdarknet/tensor';
import { readStatistics } from '../loss/statistics.ts';
import { cutPart, type Part } from './batch-parts.ts';
import type { StepReport, TrainingBatch } from './contract.ts';
import { costOf, type Values } from './cost.ts';
import { type GradientSum, joinSums } from './descent.ts';
import { withAdvice } from './memory.ts';
import { cutOf, type SizedProgram } from './programs.ts';
import { batchesIn, keyOf, type Recipe, rateOf, updateScalars } from './recipe.ts';
import { type ModelState, recovered, restOf, type TrainState } from './state.ts';

/** What a step knows of the run that it belongs to. */
export type StepRecipe = Pick<
  Recipe,
  'plan' | 'schedule' | 'loss' | 'seed' | 'images' | 'part' | 'mine' | 'maxTruths' | 'averaged'
>;

type Called<F> = F extends (...args: infer A) => Promise<infer R> ? (...args: A) => Promise<R> : never;

/** What a step needs of a program: two functions of tensors, and the size that they are for. */
export type StepProgram<R extends StepRecipe = StepRecipe> = Pick<SizedProgram, 'width' | 'height' | 'heads'> & {
  readonly recipe: R;
  readonly accumulate: Called<SizedProgram['accumulate']>;
  readonly update: Called<SizedProgram['update']>;
};

/** A batch under way: its mini-batches and what goes with each. */
export type Work = {
  readonly partAt: (p: number) => Part;
  readonly keyAt: (p: number) => ReturnType<typeof keyOf>;
  readonly scalars: ReturnType<typeof updateScalars>;
  /** Whether this member asks the team to stop. */
  readonly asked: boolean;
};

export type Outcome = { readonly values: readonly Values[]; readonly dropped: number; readonly stop: boolean };

/** How a batch is worked off: alone, or together with a team. The outcome may come later than the state. */
export type Method<P> = (
  program: P,
  state: TrainState,
  work: Work,
) => Promise<readonly [after: Pick<TrainState, 'model' | 'sound'>, outcome: () => Promise<Outcome>]>;

/** The mini-batches one after the other, of which the last makes the update; nothing waits for the device. */
export const alone: Method<StepProgram> = async (program, state, { partAt, keyAt, scalars, asked }) => {
  const { subdivisions } = program.recipe.plan.net;
  const pending: (readonly Promise<HostArray>[])[] = [];
  let [model, sound, dropped] = [state.model, state.sound, 0];
  for (let p = 0; p < subdivisions; p++) {
    const { x, targets, ...counts } = partAt(p);
    dropped += counts.dropped;
    if (p < subdivisions - 1) {
      const taken = await program.accumulate(model.params, restOf(model), sound, x, targets, keyAt(p));
      const [forward, ...sums] = taken;
      model = { ...model, state: forward.state, descent: { ...model.descent, sum: joinSums(sums as GradientSum[]) } };
      sound = forward.sound;
      pending.push(forward.statistics);
    } else {
      const after = await program.update(model, sound, x, targets, keyAt(p), scalars);
      model = after.model as ModelState;
      sound = after.sound;
      pending.push(after.statistics);
    }
  }
  const outcome = async (): Promise<Outcome> => {
    const values = await Promise.all(pending.map((part) => Promise.all(part)));
    // What came after a cost that is not finite counts for nothing.
    const spoilt = values.findIndex((part) => !Number.isFinite(costOf(part)));
    return { values: spoilt < 0 ? values : values.slice(0, spoilt + 1), dropped, stop: asked };
  };
  return [{ model, sound }, outcome];
};

const reportOf = (recipe: StepRecipe, before: TrainState, { values, dropped, stop }: Outcome): StepReport => {
  const batch = batchesIn(recipe, before.seen) + 1;
  const parts = values.map((heads) => ({ cost: costOf(heads), heads: heads.map(readStatistics) }));
  const loss = parts.reduce((sum, { cost }) => sum + cost, 0) / recipe.images;
  return { batch, rate: rateOf(recipe, batch), parts, dropped, stop, loss };
};

/**
 * Enqueues an update: the state after it, and its report when the device is done. The batch's arrays have been read when
 * this returns. After a loss that is not finite go on from `recovered(state, report)`.
 */
export const beginStep = async <P extends StepProgram>(
  program: P,
  state: TrainState,
  batch: TrainingBatch,
  method: Method<P>,
  asked = false,
): Promise<readonly [TrainState, () => Promise<StepReport>]> => {
  const { recipe } = program;
  const { mine, images, part, plan } = recipe;
  const cut = cutOf(program);
  const work: Work = {
    partAt: (p) => cutPart(batch, p - mine.from, mine.to - mine.from, cut),
    keyAt: (p) => keyOf(recipe, state.seen, p),
    scalars: updateScalars(recipe, batchesIn(recipe, state.seen) + 1),
    asked,
  };
  const [after, outcome] = await withAdvice(plan.net, part, method(program, state, work));
  return [{ ...after, seen: state.seen + images }, async () => reportOf(recipe, state, await outcome())];
};

/** An update from beginning to end. A loss that is not finite leaves the weights as they were. */
export const step = async <P extends StepProgram>(
  program: P,
  state: TrainState,
  batch: TrainingBatch,
  method: Method<P> | Method<StepProgram> = alone,
): Promise<readonly [TrainState, StepReport]> => {
  const [after, pending] = await beginStep(program, state, batch, method as Method<P>);
  const report = await pending();
  return [Number.isFinite(report.loss) ? after : recovered(after, after.seen), report];
};
