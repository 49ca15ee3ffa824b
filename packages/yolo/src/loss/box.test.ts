/** Overlaps and their gradients against the original's figures (goldens/boxes) and numerical differentiation. */
import { grad } from '@gdarknet/nn';
import { add, concat, mul, read, sliceAxis, sub, sum, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { type Box, boxOf, type Edges, edgesOf, giouOf, intersectionOf, iouOf, unionOf } from './box.ts';
import { type EdgeGradientOptions, edgeGradient } from './edge-gradient.ts';
import type { OverlapLoss } from './head.ts';
import { overlaps } from './overlaps.ts';
import { devices } from './testing/devices.ts';
import { boxGoldens, mismatches } from './testing/goldens.ts';

const { pairs, results, trueGradient, labels, smooth } = boxGoldens;
const count = labels.length;
const all = tensor(pairs, [count, 8]);
const predicted = boxOf(sliceAxis(1, 0, 4)(all));
const truth = boxOf(sliceAxis(1, 4, 8)(all));

const columns = (values: ArrayLike<number>, width: number, from: number, to: number): number[] =>
  Array.from(values).filter((_, i) => i % width >= from && i % width < to);

/** `[r, 4]`: top, bottom, left, right. */
const gradientOf = (kind: OverlapLoss, p: Box, q: Box, options?: EdgeGradientOptions): Tensor => {
  const { top, bottom, left, right } = edgeGradient(kind, p, q, options);
  return concat(1)([top, bottom, left, right]);
};

const between = ({ top, bottom, left, right }: Edges): Box => ({
  x: mul(add(left, right), 0.5),
  y: mul(add(top, bottom), 0.5),
  width: sub(right, left),
  height: sub(bottom, top),
});

describe.each(devices)('on %s', (_, open) => {
  test('intersection, union, IoU and GIoU of all pairs are the original’s', async () => {
    const device = await open();
    const f = [intersectionOf, unionOf, iouOf, giouOf].map((overlap) => overlap(predicted, truth));
    const found = await read(device, concat(1)(f));
    expect(mismatches(found, columns(results, 12, 0, 4), { rtol: 1e-5, atol: 1e-6 })).toEqual([]);
    await device.close();
  });

  test.each([
    ['iou', 4],
    ['giou', 8],
  ] as const)('the published gradient of %s is the original’s for all pairs', async (kind, from) => {
    const device = await open();
    const found = await read(device, gradientOf(kind, predicted, truth, { unclamped: true }));
    const expected = columns(results, 12, from, from + 4);
    const usual = expected.flatMap((g, i) => (Math.abs(g) < 1e3 ? [] : [i]));
    expect(mismatches(found, expected, { rtol: 1e-5, atol: 1e-6 }, usual)).toEqual([]);
    expect(mismatches(found, expected, { rtol: 1e-4, atol: 1e-6 })).toEqual([]);
    await device.close();
  });

  test.each([
    ['iou', 0],
    ['giou', 4],
  ] as const)('the corrected gradient of %s is the true one where it is smooth', async (kind, from) => {
    const device = await open();
    const expected = columns(trueGradient, 8, from, from + 4);
    const kinks = expected.flatMap((_, i) => (smooth[Math.floor(i / 4)] ? [] : [i]));
    const found = await read(device, gradientOf(kind, predicted, truth));
    expect(mismatches(found, expected, { rtol: 1e-4, atol: 1e-4 }, kinks)).toEqual([]);
    // The switch matters: the disjoint pairs differ.
    const published = await read(device, gradientOf(kind, predicted, truth, { unclamped: true }));
    const wrong = mismatches(published, expected, { rtol: 1e-3, atol: 1e-3 }, kinks);
    const pairsOff = new Set(wrong.map((text) => Math.floor(Number(/\d+/.exec(text)) / 4)));
    expect(pairsOff.size).toBe(kind === 'giou' ? 74 : 70);
    await device.close();
  });

  test.each(['iou', 'giou', 'diou', 'ciou'] as const)(
    'the written-out gradient of %s is the derivative of its value',
    async (kind) => {
      const device = await open();
      const edges = edgesOf(predicted);
      const derivative = grad((e: Edges) => sum()(overlaps[kind].value(between(e), truth)))(edges);
      const byRule = await read(
        device,
        concat(1)([derivative.top, derivative.bottom, derivative.left, derivative.right]),
      );
      const written = await read(device, gradientOf(kind, predicted, truth));
      const rows = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => smooth[Math.floor(i / 4)]);
      expect(rows(written).length).toBe(4 * 180);
      expect(mismatches(rows(written), rows(byRule), { rtol: 1e-4, atol: 1e-4 })).toEqual([]);
      await device.close();
    },
  );
});
