/** Deltas, objective and their agreement: against a sequential oracle, finite differences and automatic differentiation. */
import { valueAndGrad } from '@gdarknet/nn';
import { type Device, fetch, jit, read, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { assign } from './assignment.ts';
import type { BoxLoss, GradientKind, HeadConfig, LossOptions } from './head.ts';
import { headLoss, yoloLoss } from './head-loss.ts';
import { readStatistics } from './statistics.ts';
import { devices } from './testing/devices.ts';
import { mismatches } from './testing/goldens.ts';
import { originalLayer } from './testing/oracle.ts';
import { type Batch, randomBatch, smallHead } from './testing/random.ts';

const losses: readonly BoxLoss[] = ['mse', 'iou', 'giou', 'diou', 'ciou'];
const kinds: readonly GradientKind[] = ['darknet', 'darknet-published', 'exact'];
const representations = ['exp', 'lin'] as const;

const heads = (chosen: readonly BoxLoss[]): readonly HeadConfig[] =>
  chosen.flatMap((loss) => representations.map((representation) => ({ ...smallHead, loss, representation })));
const named = (list: readonly HeadConfig[]) =>
  list.map((head) => [`${head.loss} ${head.representation}`, head] as const);

const lossOf = async (device: Device, head: HeadConfig, batch: Batch, options: LossOptions) => {
  const { targets } = assign([head], batch.truths, batch.counts);
  const { delta, cost, statistics } = headLoss(head, tensor(batch.raw, batch.shape), targets, 0, options);
  const found = await read(device, { delta, cost, statistics });
  return { delta: found.delta, cost: found.cost[0], statistics: readStatistics(found.statistics) };
};

/** Objective and its gradient through the differentiable wrapper. */
const objectiveOf = (device: Device, head: HeadConfig, batch: Batch, options: LossOptions) => {
  const { targets } = assign([head], batch.truths, batch.counts);
  return jit(device, (raw: Tensor) => {
    const [value, gradient] = valueAndGrad((x: Tensor) => yoloLoss(head, x, targets, 0, options).objective)(raw);
    return { value: fetch(value), gradient: fetch(gradient) };
  });
};

describe.each(devices)('on %s', (_, open) => {
  describe.each(named(heads(['mse', 'iou', 'giou'])))('%s', (_name, base) => {
    test.each([
      ['plain', {}],
      ['normalisers', { iouNormalizer: 0.3, clsNormalizer: 1.7 }],
      ['truth_thresh', { truthThresh: 0.35, ignoreThresh: 0.3, clsNormalizer: 0.6 }],
      ['scale_x_y', { scaleXY: 1.2, truthThresh: 0.5 }],
      ['all anchors', { mask: [3, 0, 2, 1] }],
    ] as const)('%s: as the original runs it, step by step', async (_case, change) => {
      const device = await open();
      const head = { ...base, ...change };
      for (const gradient of ['darknet', 'darknet-published'] as const) {
        for (const seed of [1, 2, 3]) {
          const batch = randomBatch(head, seed);
          const options = { gradient, compat: { linLogTarget: seed === 2 } };
          const found = await lossOf(device, head, batch, options);
          const wanted = originalLayer(head, batch.raw, batch.lists, options);
          expect(wanted.count).toBeGreaterThan(2);
          expect(mismatches(found.delta, wanted.delta, { rtol: 2e-5, atol: 2e-5 })).toEqual([]);
          expect(found.cost / wanted.cost).toBeCloseTo(1, 4);
          const { count, iou, classProbability, classPart, boxPart } = found.statistics;
          expect(count).toBe(wanted.count);
          const pairs = [iou, classProbability, classPart, boxPart];
          const expected = [wanted.iou, wanted.classProbability, wanted.classPart, wanted.boxPart];
          expect(mismatches(pairs, expected, { rtol: 1e-4, atol: 1e-5 })).toEqual([]);
        }
      }
      await device.close();
    });
  });

  describe.each(named(heads(losses)))('%s', (_name, head) => {
    test.each(kinds)('%s: the gradient of the objective is minus the delta', async (gradient) => {
      const device = await open();
      const batch = randomBatch(head, 4);
      const { delta, cost } = await lossOf(device, head, batch, { gradient });
      const found = await objectiveOf(device, head, batch, { gradient })(tensor(batch.raw, batch.shape));
      expect(
        mismatches(
          found.gradient,
          delta.map((d) => -d),
          { rtol: 1e-6, atol: 1e-7 },
        ),
      ).toEqual([]);
      if (gradient !== 'exact') expect(found.value[0]).toBe(cost);
      await device.close();
    });
  });

  test.each([
    ['plain', {}],
    ['truth_thresh', { truthThresh: 0.35, ignoreThresh: 0.3, clsNormalizer: 0.6 }],
    ['scale_x_y', { scaleXY: 1.3, truthThresh: 0.5 }],
  ] as const)('mse exp, %s: the original’s deltas are the exact ones', async (_case, change) => {
    const device = await open();
    const head: HeadConfig = { ...smallHead, loss: 'mse', ...change };
    const batch = randomBatch(head, 6, 3, 9);
    const darknet = await lossOf(device, head, batch, {});
    const exact = await lossOf(device, head, batch, { gradient: 'exact' });
    expect(mismatches(exact.delta, darknet.delta, { rtol: 1e-5, atol: 1e-6 })).toEqual([]);
    await device.close();
  });

  // CIoU's aspect weight is a constant by definition, so differences of its value are not its gradient.
  describe.each(named(heads(['mse', 'iou', 'giou', 'diou'])))('%s', (_name, head) => {
    test.each([1, 1.3])('exact, scale_x_y %d: the gradient is that of finite differences', async (scaleXY) => {
      const device = await open();
      const stretched = { ...head, scaleXY, truthThresh: 0.5 };
      const batch = randomBatch(stretched, 5, 3, 9);
      const run = objectiveOf(device, stretched, batch, { gradient: 'exact' });
      const { value, gradient } = await run(tensor(batch.raw, batch.shape));
      const step = 2 ** -7;
      const slope = async (i: number, by: number): Promise<number> => {
        const raw = batch.raw.slice();
        raw[i] += by;
        return ((await run(tensor(raw, batch.shape))).value[0] - value[0]) / by;
      };
      const allowed = (g: number): number => 0.01 + 0.01 * Math.abs(g);
      let compared = 0;
      // Every entry but objectness, of which most are background and alike.
      const strong = [...gradient.keys()].filter((i) => i % 8 !== 4 && gradient[i] !== 0);
      for (const i of strong.slice(0, 40)) {
        const [after, before] = [await slope(i, step), await slope(i, -step)];
        // At a kink, or where a threshold is passed, the two sides disagree: there is no derivative to compare with.
        if (Math.abs(after - before) > 2 * allowed(gradient[i])) continue;
        compared++;
        expect(Math.abs((after + before) / 2 - gradient[i])).toBeLessThan(allowed(gradient[i]));
      }
      expect(compared).toBeGreaterThan(20);
      await device.close();
    });
  });
});
