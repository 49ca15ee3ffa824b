/** Which prediction is asked to be which truth: rules of SPEC 5.3.2 and the corrections D-4 and D-34. */
import type { HostArray, Tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { assign, bestAnchor, ClassIndexError, countTruths } from './assignment.ts';
import type { HeadConfig } from './head.ts';
import { smallHead } from './testing/random.ts';

const values = (t: Tensor): HostArray => {
  if (t.op.kind !== 'constant') throw new Error('targets are constants');
  return t.op.data;
};

/** Sizes of anchor k of `smallHead`, relative to the image. */
const sized = (k: number): [number, number] => [smallHead.anchors[k][0] / 160, smallHead.anchors[k][1] / 128];
const coarse: HeadConfig = { ...smallHead, mask: [3], width: 2, height: 2 };

const assigned = (heads: readonly HeadConfig[], rows: readonly (readonly number[])[], options = {}) => {
  const { targets, dropped } = assign(heads, Float32Array.from(rows.flat()), [rows.length], options);
  return {
    dropped,
    boxes: values(targets.boxes),
    classes: [...values(targets.classes)],
    heads: targets.heads.map(({ slot, owner }) => ({ slot: [...values(slot)], owner: [...values(owner)] })),
  };
};

describe('bestAnchor', () => {
  test('the largest overlap of shapes wins, over all anchors', () => {
    expect(smallHead.anchors.map((_, k) => bestAnchor(smallHead, ...sized(k)))).toEqual([0, 1, 2, 3]);
  });

  test('the first of equals wins, and the first of all where nothing overlaps', () => {
    const twins = {
      ...smallHead,
      anchors: [
        [5, 5],
        [20, 20],
        [20, 20],
      ] as const,
    };
    expect(bestAnchor(twins, 20 / 160, 20 / 128)).toBe(1);
    expect(bestAnchor(smallHead, 0, 0.3)).toBe(0);
  });
});

describe('assign', () => {
  test('a truth goes to the head, cell and place of its anchor', () => {
    const { heads, classes } = assigned(
      [smallHead, coarse],
      [
        [0.5, 0.3, ...sized(2), 1],
        [0.9, 0.6, ...sized(3), 0],
        [0.1, 0.1, ...sized(0), 2],
      ],
    );
    // Column 2, row 1 of 5 x 4, second of two; column 1, row 1 of 2 x 2, the only one; an anchor of neither head.
    expect(heads[0]).toEqual({ slot: [(1 * 5 + 2) * 2 + 1, -1, -1], owner: [0, -1, -1] });
    expect(heads[1]).toEqual({ slot: [-1, 3, -1], owner: [-1, 1, -1] });
    expect(classes).toEqual([1, 0, 2]);
  });

  test('images are counted apart, and rows beyond the count are no truths', () => {
    const row = [0.5, 0.3, ...sized(1), 0];
    const { targets } = assign([smallHead], Float32Array.from([row, row, row, row].flat()), [1, 2]);
    expect([...values(targets.heads[0].slot)]).toEqual([14, -1, 54, 54]);
    expect([...values(targets.heads[0].owner)]).toEqual([0, -1, 3, 3]);
    expect([...values(targets.classes)]).toEqual([0, -1, 0, 0]);
    expect([...values(targets.boxes).slice(4, 8)]).toEqual([0, 0, 0, 0]);
  });

  test('D-4: a centre on the right or lower border belongs to the last cell, and x = 0 to the first', () => {
    const { heads } = assigned(
      [smallHead],
      [
        [1, 1, ...sized(1), 0],
        [0, 0.99, ...sized(1), 0],
      ],
    );
    expect(heads[0].slot).toEqual([(3 * 5 + 4) * 2, 3 * 5 * 2]);
  });

  test('D-34: truths without area or with a NaN are dropped and counted', () => {
    const rows = [
      [0.5, 0.5, 0, 0.1, 1],
      [0.5, 0.5, 0.1, -0.1, 1],
      [0.5, Number.NaN, 0.1, 0.1, 1],
      [0.5, 0.5, ...sized(1), 1],
    ];
    const { dropped, classes, boxes } = assigned([smallHead], rows);
    expect(dropped).toBe(3);
    expect(classes).toEqual([-1, -1, -1, 1]);
    expect([...boxes.slice(0, 12)]).toEqual(new Array(12).fill(0));
    const kept = assigned([{ ...smallHead, mask: [0] }], rows, { degenerateTruths: true });
    expect(kept.dropped).toBe(1);
    expect(kept.heads[0].slot).toEqual([12, 12, -1, -1]);
  });

  test.each([3, -1, 0.5, Number.NaN])('class %d is refused, with its place', (kind) => {
    const rows = [
      [0.5, 0.5, 0.1, 0.1, 0],
      [0.5, 0.5, 0.1, 0.1, kind],
    ];
    expect(() => assigned([smallHead], rows)).toThrow(ClassIndexError);
    expect(() => assigned([smallHead], rows)).toThrow(`truth 1 of image 0 of the batch has class ${kind}`);
  });

  test('a buffer that does not fit the counts is refused', () => {
    expect(() => assign([smallHead], new Float32Array(12), [1])).toThrow(RangeError);
    expect(() => assign([smallHead], new Float32Array(0), [0, 0])).toThrow(RangeError);
  });
});

test('countTruths ends each list at the first x of 0', () => {
  const truths = new Float32Array(3 * 2 * 5);
  truths[0] = 0.5;
  truths[10] = 0.5;
  truths[15] = 0.5;
  truths[25] = 0.5; // behind the end of its list
  expect([...countTruths(truths, 2)]).toEqual([1, 2, 0]);
});
