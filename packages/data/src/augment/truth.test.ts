import { describe, expect, it } from 'vitest';
import { fixture } from '../testing/fixture.ts';
import { truthFields, writeTruths } from './truth.ts';

describe('writeTruths', () => {
  const whole = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, flip: false };
  const box = (classId: number, x: number, y: number, w = 0.2, h = 0.2) => ({ classId, x, y, w, h });
  const rowsOf = (labels: Parameters<typeof writeTruths>[0], capacity: number, compat: boolean) => {
    const out = new Float32Array(capacity * truthFields).fill(7);
    const n = writeTruths(labels, whole, out, 0, capacity, { compat });
    return { n, out };
  };

  it('counts rows, so that a box at the origin is a box (D-4); compat marks it', () => {
    const { n, out } = rowsOf([box(3, 0, 0), box(1, 0, 0.5)], 3, false);
    expect(n).toBe(2);
    expect([...out.subarray(0, 5)]).toEqual([0.05, 0.05, 0.1, 0.1, 3].map((v) => expect.closeTo(v, 6)));
    expect([...out.subarray(10)]).toEqual([0, 0, 0, 0, 0]);
    expect(rowsOf([box(3, 0, 0)], 1, true).out[0]).toBe(999999);
  });

  it('drops slivers before cutting to capacity (D-28); compat after', () => {
    const labels = [box(0, 0.5, 0.5, 0.0005), box(1, 0.5, 0.5)];
    expect(rowsOf(labels, 1, false).n).toBe(1);
    expect(rowsOf(labels, 1, true).n).toBe(0);
  });
});

describe('truth rows of the original', () => {
  type TruthCase = {
    flip: number;
    dx: number;
    dy: number;
    sx: number;
    sy: number;
    num_boxes: number;
    truth_sorted: number[][];
  };
  const truths = fixture<{ labels_id_x_y_w_h: number[][]; cases: TruthCase[] }>('truth_cases.json');

  it.each(truths.cases)('truth rows flip $flip dx $dx dy $dy sx $sx sy $sy', (c) => {
    const labels = truths.labels_id_x_y_w_h.map(([classId, x, y, w, h]) => ({ classId, x, y, w, h }));
    const out = new Float32Array(c.num_boxes * truthFields);
    const transform = {
      scaleX: Math.fround(c.sx),
      scaleY: Math.fround(c.sy),
      offsetX: Math.fround(c.dx),
      offsetY: Math.fround(c.dy),
      flip: c.flip === 1,
    };
    const n = writeTruths(labels, transform, out, 0, c.num_boxes, { compat: true });
    // The README: the width of class 5 may lie at the limit up to rounding.
    const atLimit = (row: number[]) => !(c.dx === 0.5 && c.sx === 2 && row[4] === 5);
    const sort = (rows: number[][]) => rows.filter(atLimit).sort((a, b) => a[4] - b[4]);
    const rows = sort(Array.from({ length: n }, (_, i) => [...out.subarray(i * truthFields, (i + 1) * truthFields)]));
    expect(rows).toEqual(sort(c.truth_sorted).map((row) => row.map((v) => expect.closeTo(v, 6))));
  });
});
