/** Inputs at the edge: nothing to find, saturated predictions, boxes of no size. Everything stays finite. */
import { valueAndGrad } from '@gdarknet/nn';
import { fetch, jit, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { assign } from './assignment.ts';
import type { BoxLoss, GradientKind, HeadConfig } from './head.ts';
import { headLoss, yoloLoss } from './head-loss.ts';
import { readStatistics } from './statistics.ts';
import { devices } from './testing/devices.ts';
import { randomBatch, randomOf, smallHead } from './testing/random.ts';

const losses: readonly BoxLoss[] = ['mse', 'iou', 'giou', 'diou', 'ciou'];
const gradients: readonly GradientKind[] = ['darknet', 'darknet-published', 'exact'];
const combinations = losses.flatMap((loss) =>
  (['exp', 'lin'] as const).flatMap((representation) =>
    gradients.map((gradient) => [loss, representation, gradient] as const),
  ),
);

describe.each(devices)('on %s', (_, open) => {
  describe.each(combinations)('%s %s %s', (loss, representation, gradient) => {
    const run = async (head: HeadConfig, raw: Float32Array, truths: Float32Array, counts: readonly number[]) => {
      const device = await open();
      const { targets } = assign([head], truths, counts);
      const f = jit(device, (x: Tensor, t: typeof targets) => {
        const [value, derivative] = valueAndGrad((y: Tensor) => yoloLoss(head, y, t, 0, { gradient }).objective)(x);
        const { delta, statistics, output } = headLoss(head, x, t, 0, { gradient });
        return [value, derivative, delta, statistics, output].map(fetch);
      });
      const channels = head.mask.length * (5 + head.classes);
      const results = await f(tensor(raw, [counts.length, head.height, head.width, channels]), targets);
      await device.close();
      for (const values of results) expect(values.every(Number.isFinite)).toBe(true);
      return { delta: results[2], statistics: readStatistics(results[3]) };
    };
    const head: HeadConfig = { ...smallHead, loss, representation };

    test.each([1, 0.4])('no truth at all, truth_thresh %d', async (truthThresh) => {
      const { raw, truths, counts } = randomBatch(head, 1);
      const { delta, statistics } = await run(
        { ...head, truthThresh },
        raw,
        truths.fill(0),
        counts.map(() => 0),
      );
      expect(statistics.count).toBe(0);
      expect(statistics.iou).toBe(0);
      // Only objectness is asked for anything.
      expect(delta.every((d, i) => (i % 8 === 4 ? d < 0 : d === 0))).toBe(true);
    });

    test.each([1, 0.4])('saturated logits and sizes that vanish, truth_thresh %d', async (truthThresh) => {
      const { truths, counts } = randomBatch(head, 2);
      const random = randomOf(9);
      const choices = [-200, -90, 0, 0, 20, 60];
      const raw = Float32Array.from({ length: 2 * 20 * 16 }, (_unused, i) => {
        const value = choices[Math.floor(random() * choices.length)];
        // exp sizes up to e^10: an infinite box has no finite gradient.
        return (i % 8 === 2 || i % 8 === 3) && representation === 'exp' ? Math.min(value, 10) : value;
      });
      const { statistics } = await run({ ...head, truthThresh }, raw, truths, counts);
      expect(statistics.count).toBeGreaterThan(2);
    });

    test('predictions equal to their truths', async () => {
      const anchor = head.anchors[1];
      const truths = Float32Array.from([0.5, 0.625, anchor[0] / 160, anchor[1] / 128, 1]);
      const raw = new Float32Array(20 * 16);
      if (representation === 'lin') for (let i = 0; i < raw.length; i += 8) raw.fill(1, i + 2, i + 4);
      const { statistics } = await run(head, raw, truths, [1]);
      expect(statistics.count).toBe(1);
      expect(statistics.iou).toBeCloseTo(1, 5);
      expect(statistics.giou).toBeCloseTo(1, 5);
      expect(statistics.recall75).toBe(1);
      expect(statistics.boxPart).toBeCloseTo(0, 5);
    });
  });
});
