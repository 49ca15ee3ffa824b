import { key, read, type Shape, ShapeError, type Tensor, tensor } from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { at, count } from '../testing/layers.ts';
import { device, mismatches, random } from '../testing/numeric.ts';
import { addShortcut, route, shortcut } from './junction.ts';
import { inference } from './layer.ts';

test('route joins channels', async () => {
  const parts = [count(4, [1, 2, 1, 2]), count(2, [1, 2, 1, 1])];
  expect(
    route().init(
      key(0),
      parts.map((p) => p.shape),
    ).shape,
  ).toEqual([1, 2, 1, 3]);
  expect([...(await read(device, route().apply({}, {}, parts, inference).y))]).toEqual([0, 1, 0, 2, 3, 1]);
  expect(() =>
    route().init(key(0), [
      [1, 2, 2, 3],
      [1, 1, 2, 3],
    ]),
  ).toThrow(ShapeError);
});

describe('shortcut', () => {
  /** The loops of SPEC 4.3. */
  const expected = (x: Tensor, from: Tensor, alpha: number, beta: number): number[] => {
    const [n, h, w, c] = x.shape;
    const [, fh, fw, fc] = from.shape;
    const [stride, sample] = [Math.max(1, Math.floor(fw / w)), Math.max(1, Math.floor(w / fw))];
    const out = Array.from({ length: n * h * w * c }, (_, i) => at(x, 0, 0, 0, i));
    for (let b = 0; b < n; b++)
      for (let i = 0; i < Math.min(h, fh); i++)
        for (let j = 0; j < Math.min(w, fw); j++)
          for (let k = 0; k < Math.min(c, fc); k++) {
            const o = ((b * h + i * sample) * w + j * sample) * c + k;
            out[o] = alpha * out[o] + beta * at(from, b, i * stride, j * stride, k);
          }
    return out;
  };
  const shapes: readonly (readonly [Shape, Shape])[] = [
    [
      [2, 3, 4, 2],
      [2, 3, 4, 2],
    ],
    [
      [2, 3, 4, 5],
      [2, 3, 4, 2],
    ],
    [
      [2, 3, 4, 2],
      [2, 3, 4, 5],
    ],
    [
      [1, 2, 3, 2],
      [1, 4, 6, 3],
    ],
    [
      [1, 2, 3, 2],
      [1, 5, 7, 1],
    ],
    [
      [1, 4, 6, 3],
      [1, 2, 3, 2],
    ],
    [
      [1, 5, 7, 3],
      [1, 2, 3, 4],
    ],
  ];
  test.each(shapes)('%j and %j', async (xs, fs) => {
    const [x, from] = [random(xs, 1), random(fs, 2)];
    for (const [alpha, beta] of [
      [1, 1],
      [0.5, -2],
    ] as const) {
      const y = await read(device, addShortcut(x, from, { alpha, beta }));
      expected(x, from, alpha, beta).forEach((v, i) => {
        expect(y[i]).toBeCloseTo(v, 5);
      });
      expect(await mismatches((a, b) => addShortcut(a, b, { alpha, beta }), [x, from])).toEqual([]);
    }
    expect(shortcut().init(key(0), [xs, fs]).shape).toEqual(xs);
  });
  test('ratios must agree', () => {
    expect(() =>
      shortcut().init(key(0), [
        [1, 4, 4, 1],
        [1, 2, 4, 1],
      ]),
    ).toThrow('one ratio');
  });
  test('activation', async () => {
    const pair = [tensor([-3, 1], [1, 1, 1, 2]), tensor([1, 1], [1, 1, 1, 2])] as const;
    const { y } = shortcut({ activation: 'relu' }).apply({}, {}, pair, inference);
    expect([...(await read(device, y))]).toEqual([0, 2]);
  });
});
