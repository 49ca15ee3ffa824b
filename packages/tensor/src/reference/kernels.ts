/**
 * The oracle: every operation in the plainest TypeScript that can be right. One function per operation from input arrays
 * to an output array; sums run in double precision.
 */
import type { ConvAttributes, OpKind, OpOf, PoolAttributes } from '../op.ts';
import { threefry2x32 } from '../random/threefry.ts';
import { type BinaryRow, binaryRows, mapRows, type UnaryRow, unaryRows } from '../scalars.ts';
import { allocate, type DType, type HostArray, type Shape, sizeOf, stridesOf } from '../shape.ts';

export type Operand = { readonly data: HostArray; readonly shape: Shape };
type Result = { readonly shape: Shape; readonly dtype: DType };
type Kernel<K extends OpKind> = (op: OpOf<K>, result: Result, ...inputs: Operand[]) => HostArray;
/** A kernel that looks only at the values. */
type Plain = (op: unknown, result: Result, ...inputs: Operand[]) => HostArray;

const fill = ({ shape, dtype }: Result, f: (i: number) => number): HostArray => {
  const out = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < out.length; i++) out[i] = f(i);
  return out;
};

/** Position of flat index `i` in `shape`. */
const unflatten = (i: number, shape: Shape): number[] => {
  const position = new Array<number>(shape.length);
  for (let a = shape.length - 1; a >= 0; a--) {
    position[a] = i % shape[a];
    i = Math.floor(i / shape[a]);
  }
  return position;
};
const flatten = (position: readonly number[], strides: readonly number[]): number =>
  position.reduce((sum, p, a) => sum + p * strides[a], 0);

const unary =
  ({ value }: UnaryRow): Plain =>
  (_, result, { data }) =>
    fill(result, (i) => value(data[i]));

/** The result array rounds or wraps to the dtype. */
const binary =
  ({ value }: BinaryRow): Plain =>
  (_, result, a, b) =>
    fill(result, (i) => value(a.data[i], b.data[i], result.dtype));

const unaryKernels = mapRows(unaryRows, unary);
const binaryKernels = mapRows(binaryRows, binary);

const saturate: Readonly<Record<DType, (x: number) => number>> = {
  f32: (x) => x,
  i32: (x) => (Number.isNaN(x) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x)))),
  u32: (x) => (Number.isNaN(x) ? 0 : Math.max(0, Math.min(2 ** 32 - 1, Math.trunc(x)))),
};

/** Integers wrap between one another; f32 saturates on its way to an integer. */
const castTo = (x: number, from: HostArray, dtype: DType): number =>
  from instanceof Float32Array ? saturate[dtype](x) : dtype === 'f32' ? x : dtype === 'i32' ? x | 0 : x >>> 0;

/** Sums of integers wrap around at each step, so that they stay exact however many there are. */
const wrap: Readonly<Record<DType, (x: number) => number>> = { f32: (x) => x, i32: (x) => x | 0, u32: (x) => x >>> 0 };

const reduce =
  (start: number, fold: (a: number, b: number) => number) =>
  (op: { readonly axes: readonly number[] }, result: Result, { data, shape }: Operand): HostArray => {
    const partial = new Float64Array(sizeOf(result.shape)).fill(start);
    const strides = stridesOf(result.shape).map((s, a) => (op.axes.includes(a) ? 0 : s));
    const kept = wrap[result.dtype];
    for (let i = 0; i < data.length; i++) {
      const o = flatten(unflatten(i, shape), strides);
      partial[o] = kept(fold(partial[o], data[i]));
    }
    return fill(result, (i) => partial[i]);
  };

/** Walks every (output, filter tap, input) triple of a convolution that lies inside the image. */
const eachTap = (
  [n, h, w, c]: Shape,
  [out, kh, kw, inner]: Shape,
  [, oh, ow]: Shape,
  { stride, padding, groups }: ConvAttributes,
  f: (x: number, filter: number, y: number) => void,
): void => {
  const filtersPerGroup = out / groups;
  for (let b = 0; b < n; b++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++)
        for (let o = 0; o < out; o++)
          for (let p = 0; p < kh; p++)
            for (let q = 0; q < kw; q++) {
              const y = i * stride[0] + p - padding[0];
              const x = j * stride[1] + q - padding[2];
              if (y < 0 || y >= h || x < 0 || x >= w) continue;
              const channel = Math.floor(o / filtersPerGroup) * inner;
              for (let k = 0; k < inner; k++) {
                f(
                  ((b * h + y) * w + x) * c + channel + k,
                  ((o * kh + p) * kw + q) * inner + k,
                  ((b * oh + i) * ow + j) * out + o,
                );
              }
            }
};

const accumulate = (result: Result, run: (sums: Float64Array) => void): HostArray => {
  const sums = new Float64Array(sizeOf(result.shape));
  run(sums);
  return fill(result, (i) => sums[i]);
};

/**
 * The largest element of each window: `f(output index, index of the first that large or -1 when the window is empty, its
 * value)`. A NaN is larger than any number.
 */
const eachWindow = (
  { data, shape: [n, h, w, c] }: Operand,
  [, oh, ow]: Shape,
  { size, stride, padding }: PoolAttributes,
  f: (y: number, x: number, most: number) => void,
): void => {
  for (let b = 0; b < n; b++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++)
        for (let k = 0; k < c; k++) {
          let [best, most] = [-1, Number.NEGATIVE_INFINITY];
          for (let p = 0; p < size[0]; p++)
            for (let q = 0; q < size[1]; q++) {
              const y = i * stride[0] + p - padding[0];
              const x = j * stride[1] + q - padding[2];
              if (y < 0 || y >= h || x < 0 || x >= w) continue;
              const at = ((b * h + y) * w + x) * c + k;
              if (best < 0 || data[at] > most || (Number.isNaN(data[at]) && !Number.isNaN(most))) best = at;
              most = Math.max(most, data[at]);
            }
          f(((b * oh + i) * ow + j) * c + k, best, most);
        }
};

const pooledShape = ([n, h, w, c]: Shape, { size, stride, padding }: PoolAttributes): Shape => [
  n,
  Math.floor((h + padding[0] + padding[1] - size[0]) / stride[0]) + 1,
  Math.floor((w + padding[2] + padding[3] - size[1]) / stride[1]) + 1,
  c,
];

const given =
  (name: string): Plain =>
  () => {
    throw new Error(`${name} is bound, not computed`);
  };

export const kernels: { readonly [K in OpKind]: Kernel<K> } = {
  input: given('input'),
  constant: given('constant'),
  stored: given('stored'),
  iota: (op, result) => fill(result, (i) => unflatten(i, result.shape)[op.axis]),
  randomBits: (_, result, { data }) => fill(result, (i) => threefry2x32(data[0], data[1], 0, i >>> 1)[i & 1]),

  ...unaryKernels,
  ...binaryKernels,
  select: (_, result, c, a, b) => fill(result, (i) => (c.data[i] !== 0 ? a.data[i] : b.data[i])),
  cast: (_, result, { data }) => fill(result, (i) => castTo(data[i], data, result.dtype)),

  sum: reduce(0, (a, b) => a + b),
  reduceMax: reduce(Number.NEGATIVE_INFINITY, Math.max),
  moments: (_, result, { data, shape }) => {
    const channels = shape[shape.length - 1];
    const rows = data.length / channels;
    const out = new Float64Array(2 * channels).fill(rows === 0 ? Number.NaN : 0);
    for (let i = 0; i < data.length; i++) out[i % channels] += data[i] / rows;
    for (let i = 0; i < data.length; i++) out[channels + (i % channels)] += (data[i] - out[i % channels]) ** 2 / rows;
    return fill(result, (i) => out[i]);
  },

  reshape: (_, result, { data }) => fill(result, (i) => data[i]),
  broadcast: (_, result, { data, shape }) => {
    const strides = stridesOf(shape).map((s, a) => (shape[a] === 1 ? 0 : s));
    return fill(result, (i) => data[flatten(unflatten(i, result.shape), strides)]);
  },
  transpose: (op, result, { data, shape }) => {
    const strides = stridesOf(shape);
    const permuted = op.order.map((a) => strides[a]);
    return fill(result, (i) => data[flatten(unflatten(i, result.shape), permuted)]);
  },
  slice: (op, result, { data, shape }) => {
    const strides = stridesOf(shape);
    return fill(result, (i) => {
      const position = unflatten(i, result.shape).map((p, a) => op.start[a] + p * op.step[a]);
      return data[flatten(position, strides)];
    });
  },
  pad: (op, result, { data, shape }) => {
    const strides = stridesOf(shape);
    return fill(result, (i) => {
      const position = unflatten(i, result.shape).map((p, a) => (p - op.low[a]) / (op.interior[a] + 1));
      const inside = position.every((p, a) => Number.isInteger(p) && p >= 0 && p < shape[a]);
      return inside ? data[flatten(position, strides)] : op.value;
    });
  },
  concat: (op, result, ...parts) =>
    fill(result, (i) => {
      const position = unflatten(i, result.shape);
      let part = 0;
      while (position[op.axis] >= parts[part].shape[op.axis]) position[op.axis] -= parts[part++].shape[op.axis];
      return parts[part].data[flatten(position, stridesOf(parts[part].shape))];
    }),
  gather: (op, result, { data, shape }, indices) => {
    const strides = stridesOf(shape);
    return fill(result, (i) => {
      const position = unflatten(i, result.shape);
      const index = indices.data[position[op.axis]];
      position[op.axis] = index;
      return index >= 0 && index < shape[op.axis] ? data[flatten(position, strides)] : 0;
    });
  },
  scatterAdd: (op, result, { data, shape }, indices) =>
    accumulate(result, (sums) => {
      const strides = stridesOf(result.shape);
      for (let i = 0; i < data.length; i++) {
        const position = unflatten(i, shape);
        const index = indices.data[position[op.axis]];
        position[op.axis] = index;
        if (index < 0 || index >= op.size) continue;
        const to = flatten(position, strides);
        sums[to] = wrap[result.dtype](sums[to] + data[i]);
      }
    }),

  matmul: (op, result, a, b) => {
    const rank = result.shape.length;
    const [m, n] = result.shape.slice(-2);
    const k = a.shape[op.transposeA ? rank - 2 : rank - 1];
    return fill(result, (i) => {
      const [col, row, batch] = [i % n, Math.floor(i / n) % m, Math.floor(i / (n * m))];
      let sum = 0;
      for (let p = 0; p < k; p++) {
        const left = a.data[batch * m * k + (op.transposeA ? p * m + row : row * k + p)];
        sum += left * b.data[batch * k * n + (op.transposeB ? col * k + p : p * n + col)];
      }
      return sum;
    });
  },
  conv2d: (op, result, x, filter) =>
    accumulate(result, (sums) =>
      eachTap(x.shape, filter.shape, result.shape, op, (i, f, o) => {
        sums[o] += x.data[i] * filter.data[f];
      }),
    ),
  conv2dInput: (op, result, dy, filter) =>
    accumulate(result, (sums) =>
      eachTap(result.shape, filter.shape, dy.shape, op, (i, f, o) => {
        sums[i] += dy.data[o] * filter.data[f];
      }),
    ),
  conv2dFilter: (op, result, x, dy) =>
    accumulate(result, (sums) =>
      eachTap(x.shape, result.shape, dy.shape, op, (i, f, o) => {
        sums[f] += x.data[i] * dy.data[o];
      }),
    ),
  maxPool2d: (op, result, x) => {
    const out = allocate(result.dtype, sizeOf(result.shape));
    eachWindow(x, result.shape, op, (o, _, most) => {
      out[o] = most;
    });
    return out;
  },
  maxPool2dGrad: (op, result, x, dy) =>
    accumulate(result, (sums) =>
      eachWindow(x, pooledShape(x.shape, op), op, (o, i) => {
        if (i >= 0) sums[i] += dy.data[o];
      }),
    ),
  tag: (_, result, { data }) => fill(result, (i) => data[i]),
};
