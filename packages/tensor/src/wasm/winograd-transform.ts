/**
 * Winograd's transforms of 3 x 3 filters, of windows of the image and of products (Lavin & Gray 2016), as straight code over
 * vectors of channels. F(4x4, 3x3) needs a quarter of the plain sum's arithmetic, F(2x2, 3x3) four ninths with smaller
 * filters.
 */
import type { Func, Local } from './emitter.ts';

/** to = a + factor * b; without `a`, factor * b. Names are registers. */
type Line = readonly [to: string, a: string | undefined, factor: number, b: string];
/** A transform of one dimension: straight code from i0, i1, ... to o0, o1, ... */
type Transform = { readonly from: number; readonly to: number; readonly code: readonly Line[] };

export type Variant = {
  readonly m: 2 | 4;
  readonly image: Transform;
  readonly filter: Transform;
  readonly result: Transform;
};

export const f4: Variant = {
  m: 4,
  image: {
    from: 6,
    to: 6,
    code: [
      ['a', 'i4', -4, 'i2'],
      ['b', 'i3', -4, 'i1'],
      ['c', 'i4', -1, 'i2'],
      ['d', 'i3', -1, 'i1'],
      ['e', 'i4', 4, 'i0'],
      ['f', 'i5', 4, 'i1'],
      ['o0', 'e', -5, 'i2'],
      ['o1', 'a', 1, 'b'],
      ['o2', 'a', -1, 'b'],
      ['o3', 'c', 2, 'd'],
      ['o4', 'c', -2, 'd'],
      ['o5', 'f', -5, 'i3'],
    ],
  },
  filter: {
    from: 3,
    to: 6,
    code: [
      ['s', 'i0', 1, 'i2'],
      ['p', 's', 1, 'i1'],
      ['q', 's', -1, 'i1'],
      ['v', undefined, 1 / 24, 'i0'],
      ['u', 'v', 1 / 6, 'i2'],
      ['o0', undefined, 1 / 4, 'i0'],
      ['o1', undefined, -1 / 6, 'p'],
      ['o2', undefined, -1 / 6, 'q'],
      ['o3', 'u', 1 / 12, 'i1'],
      ['o4', 'u', -1 / 12, 'i1'],
      ['o5', undefined, 1, 'i2'],
    ],
  },
  result: {
    from: 6,
    to: 4,
    code: [
      ['a', 'i1', 1, 'i2'],
      ['b', 'i1', -1, 'i2'],
      ['c', 'i3', 1, 'i4'],
      ['d', 'i3', -1, 'i4'],
      ['e', 'i0', 1, 'a'],
      ['f', 'b', 8, 'd'],
      ['o0', 'e', 1, 'c'],
      ['o1', 'b', 2, 'd'],
      ['o2', 'a', 4, 'c'],
      ['o3', 'f', 1, 'i5'],
    ],
  },
};

export const f2: Variant = {
  m: 2,
  image: {
    from: 4,
    to: 4,
    code: [
      ['o0', 'i0', -1, 'i2'],
      ['o1', 'i1', 1, 'i2'],
      ['o2', 'i2', -1, 'i1'],
      ['o3', 'i1', -1, 'i3'],
    ],
  },
  filter: {
    from: 3,
    to: 4,
    code: [
      ['s', 'i0', 1, 'i2'],
      ['p', 's', 1, 'i1'],
      ['q', 's', -1, 'i1'],
      ['o0', undefined, 1, 'i0'],
      ['o1', undefined, 0.5, 'p'],
      ['o2', undefined, 0.5, 'q'],
      ['o3', undefined, 1, 'i2'],
    ],
  },
  result: {
    from: 4,
    to: 2,
    code: [
      ['a', 'i0', 1, 'i1'],
      ['b', 'i1', -1, 'i2'],
      ['o0', 'a', 1, 'i2'],
      ['o1', 'b', -1, 'i3'],
    ],
  },
};

const emit1d = (f: Func, { code, to }: Transform, inputs: readonly Local[], fused: boolean): Local[] => {
  const registers = new Map(inputs.map((local, i) => [`i${i}`, local]));
  for (const [name, a, factor, b] of code) {
    const result = f.local('v128');
    const [x, y] = [a === undefined ? undefined : registers.get(a)!, registers.get(b)!];
    if (x === undefined) {
      f.get(y);
      if (factor !== 1) f.fixed(factor).do('f32x4.mul');
    } else if (factor === 1) f.get(x, y).do('f32x4.add');
    else if (factor === -1) f.get(x, y).do('f32x4.sub');
    else if (fused) f.get(y).fixed(factor).get(x).do('f32x4.relaxed_madd');
    else f.get(y).fixed(factor).do('f32x4.mul').get(x).do('f32x4.add');
    f.set(result);
    registers.set(name, result);
  }
  return Array.from({ length: to }, (_, i) => registers.get(`o${i}`)!);
};

/** T X Tᵀ of a square of vectors: columns first, then row by row as they are stored. */
export const emit2d = (
  f: Func,
  t: Transform,
  fused: boolean,
  load: (row: number, column: number) => void,
  store: (row: number, column: number, value: Local) => void,
): void => {
  const columns = Array.from({ length: t.from }, (_, x) => {
    const inputs = Array.from({ length: t.from }, (_, y) => {
      const value = f.local('v128');
      load(y, x);
      f.set(value);
      return value;
    });
    return emit1d(f, t, inputs, fused);
  });
  for (let y = 0; y < t.to; y++) {
    const row = columns.map((column) => column[y]);
    emit1d(f, t, row, fused).forEach((value, x) => store(y, x, value));
  }
};
