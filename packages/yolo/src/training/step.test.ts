/** A step is a function of values: here without a device, on functions that only write down what they were given. */
import { scalar, type Tensor } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { parseNetwork } from '../darknet/plan.ts';
import { zoo } from '../darknet/zoo.ts';
import { statisticNames } from '../loss/statistics.ts';
import { scheduleOf } from './descent.ts';
import { headConfig } from './head-config.ts';
import { rateOf } from './recipe.ts';
import type { TrainState } from './state.ts';
import { alone, type StepProgram, type StepRecipe, step } from './step.ts';

const size = 32;
const cfg = zoo.shapes({ loss: 'giou', size, net: { batch: 6, subdivisions: 3, burn_in: 4 } });

type Call = { readonly name: string; readonly key: readonly number[]; readonly rate?: number; readonly sum: unknown };

/** A program whose mini-batches cost what `costs` says, one after another. */
const programOf = (costs: readonly number[]) => {
  const parsed = parseNetwork(cfg);
  if (E.isLeft(parsed)) throw new Error('the cfg of the zoo can be read');
  const { value: plan } = parsed.right;
  const recipe: StepRecipe = {
    plan,
    schedule: scheduleOf(plan.net),
    loss: {},
    seed: 9,
    images: 6,
    part: 2,
    maxTruths: 4,
    averaged: false,
    mine: { from: 0, to: 3 },
  };
  const calls: Call[] = [];
  const valuesOf = (t: Tensor): readonly number[] => [...(t.op as { readonly data: Uint32Array | Float32Array }).data];
  const statistics = () => {
    const values = new Float32Array(statisticNames.length);
    values[statisticNames.indexOf('cost')] = costs[calls.length - 1];
    return plan.heads.map(() => Promise.resolve(values));
  };
  const program = {
    recipe,
    width: size,
    height: size,
    heads: plan.heads.map((head) => headConfig(plan, head, size, size)),
    accumulate: async (_params: unknown, rest: { state: object; sum: unknown }, sound: Tensor, ...more: Tensor[]) => {
      calls.push({ name: 'accumulate', key: valuesOf(more[2]), sum: rest.sum });
      const sum = { high: { 0: `after ${calls.length}` }, low: {} };
      return [{ state: { 0: `after ${calls.length}` }, sound, statistics: statistics() }, sum];
    },
    update: async (model: TrainState['model'], sound: Tensor, ...more: unknown[]) => {
      const { rate } = more[3] as { rate: Tensor };
      calls.push({
        name: 'update',
        key: valuesOf(more[2] as Tensor),
        rate: valuesOf(rate)[0],
        sum: model.descent.sum,
      });
      return { model: { ...model, params: { 0: 'updated' } }, sound, statistics: statistics() };
    },
  } as unknown as StepProgram;
  return { program, calls, recipe };
};

const freeze = <T extends object>(value: T): T => {
  for (const one of Object.values(value))
    if (typeof one === 'object' && one !== null && !ArrayBuffer.isView(one)) freeze(one);
  return Object.freeze(value);
};

const start = (): TrainState => {
  const model = { params: { 0: 'fresh' }, state: {}, descent: { own: 'momentum', sum: { high: {}, low: {} } } };
  return freeze({ model: model as unknown as TrainState['model'], seen: 60, sound: scalar(0) });
};

const batch = {
  x: new Float32Array(6 * size * size * 3),
  truths: new Float32Array(6 * 4 * 5),
  counts: [0, 0, 0, 0, 0, 0],
};

it('takes the mini-batches in and makes the update with the last; the state before stays as it was', async () => {
  const { program, calls, recipe } = programOf([1, 2, 3]);
  const before = start();
  const [after, report] = await step(program, before, batch, alone);
  expect(calls.map(({ name }) => name)).toEqual(['accumulate', 'accumulate', 'update']);
  // A key for each mini-batch: the seed, and the images seen when it is done.
  expect(calls.map(({ key }) => key)).toEqual([
    [9, 62],
    [9, 64],
    [9, 66],
  ]);
  // What one has summed the next is given.
  expect(calls.map(({ sum }) => sum)).toEqual([
    { high: {}, low: {} },
    { high: { 0: 'after 1' }, low: {} },
    { high: { 0: 'after 2' }, low: {} },
  ]);
  expect(calls[2].rate).toBe(Math.fround(rateOf(recipe, 11)));
  expect(after).toMatchObject({ seen: 66, model: { params: { 0: 'updated' }, state: { 0: 'after 2' } } });
  expect(report).toMatchObject({ batch: 11, loss: 1, rate: rateOf(recipe, 11), dropped: 0, stop: false });
  expect(report.parts.map(({ cost }) => cost)).toEqual([1, 2, 3]);
  expect(before).toEqual(start());
});

it('gives the same for the same, and goes on soundly after a loss that is not finite', async () => {
  const [first, second] = [programOf([1, 2, 3]), programOf([1, 2, 3])];
  expect(await step(first.program, start(), batch)).toEqual(await step(second.program, start(), batch));
  expect(first.calls).toEqual(second.calls);
  const { program } = programOf([1, Number.NaN, 3]);
  const [after, report] = await step(program, start(), batch);
  // What came after the spoilt part counts for nothing.
  expect(report.parts).toHaveLength(2);
  expect(report.loss).toBeNaN();
  expect([after.seen, after.sound]).toEqual([66, scalar(1)]);
});

it('refuses a batch of another size, and begins nothing', async () => {
  const { program, calls } = programOf([1, 2, 3]);
  const half = { ...batch, x: batch.x.subarray(1) };
  await expect(step(program, start(), half)).rejects.toThrow('a batch is 6 pictures of 32 x 32 x 3');
  expect(calls).toEqual([]);
});
