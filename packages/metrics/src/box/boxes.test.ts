import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenPath, readF32, readJson, shared } from '../../../../test/shared.ts';
import {
  BoxColumnError,
  ciou,
  ciouOf,
  darknetGradient,
  darknetOverlap,
  diou,
  diouOf,
  giou,
  giouLoss,
  giouLosses,
  giouLossGradient,
  giouOf,
  giouPairs,
  iou,
  iouOf,
  iouPairs,
} from '../index.ts';

const position = fc.double({ min: -100, max: 100, noNaN: true });
const side = fc.double({ min: 0.01, max: 100, noNaN: true });
const box = fc.tuple(position, position, side, side);
const boxes = fc.array(fc.tuple(box, box), { minLength: 1, maxLength: 8 }).map((pairs) => ({
  a: pairs.flatMap(([a]) => a),
  b: pairs.flatMap(([, b]) => b),
}));
const anyNumber = fc.double();
const functions = { iou, giou, diou, ciou };
const xywh = { format: 'xywh' } as const;

describe('overlaps', () => {
  it('figures by hand', () => {
    expect(iouOf([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7, 15);
    expect(giouOf([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7 - 2 / 9, 15);
    expect(diouOf([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7 - 2 / 18, 15);
    expect(giouOf([0, 0, 1, 1], [3, 0, 4, 1])).toBeCloseTo(-0.5, 15);
    // Pixels: both boxes are 3 by 3, they share 2 by 2.
    expect(iouOf([0, 0, 2, 2], [1, 1, 3, 3], { pixel: 1 })).toBeCloseTo(4 / 14, 15);
    const v = (4 / Math.PI ** 2) * (Math.atan(1 / 2) - Math.atan(2)) ** 2;
    expect(ciouOf([0, 0, 4, 2], [1, -1, 3, 3])).toBeCloseTo(1 / 3 - (v * v) / (1 - 1 / 3 + v), 14);
  });

  it('formats of the same boxes agree', () => {
    fc.assert(
      fc.property(boxes, fc.constantFrom<0 | 1>(0, 1), ({ a, b }, pixel) => {
        const convert = (column: readonly number[], to: (x: number, y: number, w: number, h: number) => number[]) =>
          Array.from({ length: column.length / 4 }, (_, i) =>
            to(...(column.slice(4 * i, 4 * i + 4) as [number, number, number, number])),
          ).flat();
        const corners = (x: number, y: number, w: number, h: number) => [x, y, x + w - pixel, y + h - pixel];
        const centre = (x: number, y: number, w: number, h: number) => [x + w / 2, y + h / 2, w, h];
        for (const f of Object.values(functions)) {
          const expected = f(a, b, { format: 'xywh', pixel });
          const byCorners = f(convert(a, corners), convert(b, corners), { format: 'xyxy', pixel });
          const byCentre = f(convert(a, centre), convert(b, centre), { format: 'cxcywh', pixel });
          expected.forEach((value, i) => {
            // Corners lose what the sides keep: 1e-13 of a coordinate of 200 against a side of 0.01.
            expect(Math.abs(byCorners[i] - value)).toBeLessThan(1e-9);
            expect(Math.abs(byCentre[i] - value)).toBeLessThan(1e-9);
          });
        }
      }),
    );
  });

  it('GIoU is at most IoU, both within bounds, symmetric', () => {
    fc.assert(
      fc.property(boxes, ({ a, b }) => {
        const [u, g] = [iou(a, b, xywh), giou(a, b, xywh)];
        u.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
          expect(g[i]).toBeLessThanOrEqual(value);
          expect(g[i]).toBeGreaterThanOrEqual(-1);
        });
        for (const f of Object.values(functions)) {
          const [forth, back] = [f(a, b, xywh), f(b, a, xywh)];
          forth.forEach((value, i) => {
            expect(Math.abs(value - back[i])).toBeLessThan(1e-12);
          });
        }
      }),
    );
  });

  it('scaling by a power of two changes no bit; moving changes next to nothing', () => {
    fc.assert(
      fc.property(boxes, fc.integer({ min: -20, max: 20 }), position, ({ a, b }, power, by) => {
        const scaled = (column: readonly number[]) => column.map((value) => value * 2 ** power);
        const moved = (column: readonly number[]) => column.map((value, i) => (i % 4 < 2 ? value + by : value));
        expect(giou(scaled(a), scaled(b), xywh)).toEqual(giou(a, b, xywh));
        const [here, there] = [giou(a, b, xywh), giou(moved(a), moved(b), xywh)];
        here.forEach((value, i) => {
          expect(Math.abs(value - there[i])).toBeLessThan(1e-9);
        });
      }),
    );
  });

  it('is never NaN: any numbers give IoU in [0, 1] and the others at most 1', () => {
    fc.assert(
      fc.property(fc.tuple(anyNumber, anyNumber, anyNumber, anyNumber), box, fc.boolean(), (a, b, turn) => {
        const [p, q] = turn ? [b, a] : [a, b];
        for (const format of ['xyxy', 'xywh', 'cxcywh'] as const) {
          for (const [name, f] of Object.entries(functions)) {
            const [value] = f(p, q, { format });
            expect(value, name).toBeLessThanOrEqual(1);
            if (name === 'iou') expect(value).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
    expect([iouOf([1, 1, 1, 1], [1, 1, 1, 1]), giouOf([1, 1, 1, 1], [0, 0, 2, 2])]).toEqual([0, -1]);
    expect(giouOf([1, 1, 1, 1], [1, 1, 1, 1], { compat: true })).toBeNaN();
  });

  it('a box in a crowd overlaps it wholly', () => {
    const options = { format: 'xyxy', crowd: [1, 0] } as const;
    const [inside, world] = [
      [10, 10, 20, 20],
      [0, 0, 100, 100, 0, 0, 100, 100],
    ];
    expect(Array.from(iouPairs(inside, world, options))).toEqual([1, 0.01]);
    expect(giouPairs(inside, world, options)[0]).toBe(1);
    expect(giouPairs(inside, world, { ...options, compat: true, penalty: 'signed' })[0]).toBeCloseTo(0.01, 15);
  });

  it('refuses columns that do not fit', () => {
    expect(() => iou([1, 2, 3], [1, 2, 3], xywh)).toThrow(BoxColumnError);
    expect(() => iou([0, 0, 1, 1], [], xywh)).toThrow(BoxColumnError);
    expect(() => iouOf([0, 0, 1], [0, 0, 1, 1])).toThrow(BoxColumnError);
  });
});

describe.skipIf(!shared)('the original', () => {
  it('iou_pairs: every value to the bit', () => {
    type Matrix = (number | 'NaN')[][];
    const golden = readJson<Record<'dt' | 'gt', number[][]> & Record<string, Matrix>>(
      goldenPath('coco', 'iou_pairs.json'),
    );
    for (const [name, pairs] of Object.entries({ iou: iouPairs, giou: giouPairs })) {
      for (const flag of [0, 1]) {
        const crowd = golden.gt.map(() => flag);
        const ours = pairs(golden.dt.flat(), golden.gt.flat(), { ...xywh, crowd, compat: true, penalty: 'signed' });
        const expected = golden[`${name}_crowd${flag}`].flat().map((value) => (value === 'NaN' ? Number.NaN : value));
        expect(Array.from(ours)).toEqual(expected);
      }
    }
  });

  it('boxes: overlaps and both gradients of 209 pairs', () => {
    const pairs = readF32(goldenPath('boxes', 'pairs.bin'));
    const results = readF32(goldenPath('boxes', 'results.bin'));
    for (let i = 0; i < 209; i++) {
      const [p, t] = [pairs.subarray(8 * i, 8 * i + 4), pairs.subarray(8 * i + 4, 8 * i + 8)];
      const { intersection, union, iou: u, giou: g } = darknetOverlap(p, t);
      const gradients = (['iou', 'giou'] as const).flatMap((kind) => {
        const { top, bottom, left, right } = darknetGradient(p, t, kind);
        return [top, bottom, left, right];
      });
      expect(Float32Array.of(intersection, union, u, g, ...gradients)).toEqual(results.slice(12 * i, 12 * i + 12));
    }
  });
});

describe('giouLoss', () => {
  it('is 1 - GIoU, reduced', () => {
    const [a, b] = [
      [0, 0, 2, 2, 0, 0, 1, 1],
      [1, 1, 3, 3, 3, 0, 4, 1],
    ];
    const losses = giouLosses(a, b, { eps: 0 });
    expect(losses[0]).toBeCloseTo(1 - giouOf([0, 0, 2, 2], [1, 1, 3, 3]), 15);
    expect(losses[1]).toBeCloseTo(1.5, 15);
    expect(giouLoss(a, b, { eps: 0 })).toBeCloseTo((losses[0] + losses[1]) / 2, 15);
    expect(giouLoss(a, b, { eps: 0, reduction: 'sum' })).toBeCloseTo(losses[0] + losses[1], 15);
    expect(giouLoss([], [])).toBe(0);
  });

  it('the gradient is that of finite differences, in every format', () => {
    const wide = fc.tuple(
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.double({ min: 1, max: 20, noNaN: true }),
      fc.double({ min: 1, max: 20, noNaN: true }),
    );
    const step = 1e-6;
    fc.assert(
      fc.property(wide, wide, fc.constantFrom('xyxy', 'xywh', 'cxcywh'), (p, t, format) => {
        const inFormat = ([x, y, w, h]: readonly number[]) => (format === 'xyxy' ? [x, y, x + w, y + h] : [x, y, w, h]);
        const [a, b] = [inFormat(p), inFormat(t)];
        const gradient = giouLossGradient(a, b, { format });
        a.forEach((_, c) => {
          const at = (by: number) =>
            giouLoss(
              a.map((value, i) => (i === c ? value + by : value)),
              b,
              { format },
            );
          const [left, right] = [(at(0) - at(-step)) / step, (at(step) - at(0)) / step];
          // Where two edges meet within the step the slopes of the sides differ and neither is wrong.
          fc.pre(Math.abs(left - right) < 1e-4);
          expect(Math.abs((left + right) / 2 - gradient[c])).toBeLessThan(1e-5);
        });
      }),
    );
  });

  it('at a tie of edges the gradient is the mean of both sides', () => {
    const box = [0, 0, 2, 2];
    const step = 1e-6;
    const gradient = giouLossGradient(box, box);
    box.forEach((_, c) => {
      const at = (by: number) =>
        giouLoss(
          box.map((value, i) => (i === c ? value + by : value)),
          box,
        );
      expect(gradient[c]).toBeCloseTo((at(step) - at(-step)) / (2 * step), 5);
    });
  });

  it('an empty box has loss 2 and no gradient', () => {
    expect(giouLosses([1, 1, 1, 1], [0, 0, 2, 2])[0]).toBe(2);
    expect(Array.from(giouLossGradient([1, 1, 1, 1], [0, 0, 2, 2]))).toEqual([0, 0, 0, 0]);
  });
});
