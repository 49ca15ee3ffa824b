/**
 * How far two right executions of one graph may lie apart. A walk over the graph computes each value by the reference's
 * kernels, and beside it a bound for the distance of any device's value: what the distances of the inputs become, and the
 * rounding of the operation itself. Infinity is a place where anything is right: a comparison's operand at its threshold
 * that then divides, a logarithm of what may be below 0, an overflow. Where inputs are exact and the result is
 * representable, the bound is 0, and a device must give the very number.
 */
import type {
  ConvAttributes,
  Graph,
  HostArray,
  Node,
  OpKind,
  OpOf,
  PoolAttributes,
  Shape,
} from '../../packages/tensor/src/index.ts';
import { sizeOf } from '../../packages/tensor/src/index.ts';
import { kernels } from '../../packages/tensor/src/reference/kernels.ts';

export type Bounded = {
  readonly data: HostArray;
  readonly shape: Shape;
  /** Distance allowed of each element. */
  readonly apart: Float32Array;
  /** Zeros in it may have either sign: they come out of a sum. */
  readonly signless: boolean;
};

/** What a device may do beside rounding. */
export type Arithmetic = {
  /** Numbers below 2^-126 may be taken for 0. */
  readonly flushes: boolean;
};

type Result = { readonly shape: Shape; readonly dtype: Node['dtype'] };
type Rule<K extends OpKind> = (
  op: OpOf<K>,
  result: Result & { readonly data: HostArray },
  arithmetic: Arithmetic,
  ...inputs: readonly Bounded[]
) => Float32Array;

/** A rule of several kinds. */
type Shared = (
  op: unknown,
  result: Result & { readonly data: HostArray },
  arithmetic: Arithmetic,
  ...inputs: readonly Bounded[]
) => Float32Array;

const unit = 2 ** -23;
const largest = 3.4028234663852886e38;
const smallest = 2 ** -126;
/** The distance of neighbours below that. */
const tiny = 2 ** -149;

type Kernel = (op: unknown, result: Result, ...inputs: { data: HostArray; shape: Shape }[]) => HostArray;
const kernelOf = (kind: OpKind): Kernel => kernels[kind] as unknown as Kernel;

/** A kernel on other numbers than the operands' own: magnitudes and bounds. */
const on = (
  op: { readonly kind: OpKind },
  shape: Shape,
  ...inputs: { data: Float32Array; shape: Shape }[]
): Float32Array => kernelOf(op.kind)(op, { shape, dtype: 'f32' }, ...inputs) as Float32Array;

const isExact = (...xs: readonly Bounded[]): boolean => xs.every(({ apart }) => apart.every((d) => d === 0));
const magnitudes = ({ data, shape }: Bounded) => ({ data: Float32Array.from(data, Math.abs), shape });
const distances = ({ apart, shape }: Bounded) => ({ data: apart, shape });

const withoutInfinities = ({ data, shape }: { readonly data: Float32Array; readonly shape: Shape }) => ({
  data: data.map((x) => (Number.isFinite(x) ? x : 0)),
  shape,
});

const times = (magnitude: number, distance: number): number => (distance === 0 ? 0 : Math.abs(magnitude) * distance);

/** Elementwise: `f(i, v)` is the distance of element i, whose value is v. */
const each = (
  { data, dtype }: { readonly data: HostArray; readonly dtype: Node['dtype'] },
  { flushes }: Arithmetic,
  f: (i: number, v: number) => number,
): Float32Array =>
  Float32Array.from(data as ArrayLike<number>, (v, i) => {
    const d = f(i, v);
    if (Number.isNaN(d)) return Infinity;
    if (dtype === 'f32' && d > 0 && Math.abs(v) + d > largest && !(Math.abs(v) === Infinity && d < largest))
      return Infinity;
    return flushes && dtype === 'f32' && d < smallest && Math.abs(v) < 2 * smallest && v !== 0 ? smallest : d;
  });

/** The distance of a rounded operation: none where the exact result is a number of single precision. */
const rounded = (exact: number, v: number, units = 1): number =>
  exact === v || Number.isNaN(v) || !Number.isFinite(v) ? 0 : units * unit * Math.abs(v) + tiny;

const binary =
  (
    exact: (a: number, b: number) => number,
    carried: (a: number, b: number, da: number, db: number) => number,
  ): Shared =>
  (_op, result, arithmetic, a, b) =>
    each(result, arithmetic, (i, v) => {
      const [da, db] = [a.apart[i], b.apart[i]];
      if (result.dtype !== 'f32') return da + db === 0 ? 0 : Infinity;
      const [x, y] = [a.data[i], b.data[i]];
      if (!Number.isFinite(v) && da + db === 0) return 0;
      return carried(x, y, da, db) + rounded(da + db === 0 ? exact(x, y) : Number.NaN, v);
    });

const moved =
  (
    kind: OpKind,
  ): ((op: unknown, result: Result, arithmetic: Arithmetic, ...inputs: readonly Bounded[]) => Float32Array) =>
  (op, { shape }, _arithmetic, ...inputs) =>
    on({ ...(op as object), kind, value: 0 } as never, shape, ...inputs.map(distances));

/** With the indices as they are. */
const indexed =
  (kind: 'gather'): Rule<'gather'> =>
  (op, { shape }, _arithmetic, x, indices) => {
    if (!isExact(indices)) return new Float32Array(sizeOf(shape)).fill(Infinity);
    return kernelOf(kind)(op, { shape, dtype: 'f32' }, distances(x), indices) as Float32Array;
  };

const ordered: Shared = (_op, result, arithmetic, a, b) =>
  each(result, arithmetic, (i) => {
    let d = a.apart[i] + b.apart[i];
    const [x, y] = [a.data[i], b.data[i]];
    if (arithmetic.flushes && Math.min(Math.abs(x), Math.abs(y)) < smallest && x !== y) d += smallest;
    return d > 0 && !(Math.abs(x - y) > d) ? 1 : 0;
  });

const bounded =
  (lowest: number, highest: number): Shared =>
  (_op, result, arithmetic, x) =>
    each(result, arithmetic, (i, v) => {
      const [d, size] = [x.apart[i], Math.abs(x.data[i])];
      if (Number.isNaN(v) && d === 0) return 0;
      if (!(d + size < largest)) return Infinity;
      const own = arithmetic.flushes ? 2 ** -20 * Math.max(1, size) : 2 * unit * Math.abs(v) + tiny;
      return Math.min(d + own, highest - lowest);
    });

/** Terms are whole multiples of 2^-8 and so small in sum that single precision holds every partial sum. */
const sumsExactly = (terms: Float32Array, factors: readonly Bounded[]): boolean =>
  isExact(...factors) &&
  factors.every(({ data }) => (data as Float32Array).every((x) => Number.isInteger(x * 16))) &&
  terms.every((sum) => sum * 256 < 2 ** 24);

/** Sums of products, in whatever order and blocks: `total` gives the sum over all terms for other factors. */
const contraction = (
  result: Result & { readonly data: HostArray },
  arithmetic: Arithmetic,
  [a, b]: readonly [Bounded, Bounded],
  terms: number,
  total: (a: { data: Float32Array; shape: Shape }, b: { data: Float32Array; shape: Shape }) => Float32Array,
  { spread = false, padded = false } = {},
): Float32Array => {
  const [sizeA, sizeB] = [magnitudes(a), magnitudes(b)];
  const whole = total(sizeA, sizeB);
  if (!spread && sumsExactly(whole, [a, b])) return new Float32Array(whole.length);
  const fromA = isExact(a)
    ? undefined
    : total(distances(a), { data: sizeB.data.map((x, i) => x + b.apart[i]), shape: b.shape });
  const fromB = isExact(b) ? undefined : total(sizeA, distances(b));
  // Partial sums overflow or not, as the order has it.
  const allFinite = [a, b].every(({ data }) => (data as Float32Array).every(Number.isFinite));
  const finite = allFinite ? whole : total(withoutInfinities(sizeA), withoutInfinities(sizeB));
  // Zeros around an image are multiplied or left out, which differs for infinity.
  if (padded && !allFinite) return whole.map(() => Infinity);
  const max = (x: Float32Array): number => x.reduce((m, v) => (v > m || Number.isNaN(v) ? v : m), 0);
  // Tiles of a transformed convolution mix what no window of the output holds together.
  const mixed = spread ? 64 * (terms + 4) * (unit / 2) * max(sizeA.data) * max(sizeB.data) : 0;
  return each(result, arithmetic, (i, v) => {
    const own = (terms + 4) * (unit * whole[i] + tiny) + mixed;
    const carried = (fromA?.[i] ?? 0) + (fromB?.[i] ?? 0);
    if (!(finite[i] < largest / 4) || !(carried < largest / 4)) return Infinity;
    return Number.isFinite(v) ? own + carried : 0;
  });
};

/** What is computed by Winograd's tiles on some device. */
const isTiled = (filter: Shape, { stride, groups }: ConvAttributes): boolean =>
  filter[1] === 3 && filter[2] === 3 && stride[0] === 1 && stride[1] === 1 && groups === 1;

const integerOr =
  (f: Shared): Shared =>
  (op, result, arithmetic, x) =>
    result.dtype === 'f32'
      ? f(op, result, arithmetic, x)
      : each(result, arithmetic, (i) => (x.apart[i] === 0 ? 0 : Infinity));

const carriedOver: Shared = (_op, result, arithmetic, x) => each(result, arithmetic, (i) => x.apart[i]);

const growing =
  (f: (x: number) => number, units: number, own: (x: number) => number = () => 0): Shared =>
  (_op, result, arithmetic, x) =>
    each(result, arithmetic, (i, v) => {
      const [at, d] = [x.data[i], x.apart[i]];
      if (d === 0 && !Number.isFinite(v)) return 0;
      const low = f(at - d);
      const carried = d === 0 ? 0 : Math.max(f(at + d) - f(at), f(at) - low);
      const flushed = arithmetic.flushes && Math.abs(at) < smallest ? Math.abs(f(smallest)) : 0;
      return carried + units * unit * Math.abs(v) + own(at) + flushed + (v === 0 ? 0 : tiny);
    });

const sumOf: Rule<'sum'> = (op, result, arithmetic, x) => {
  const sizes = on(op, result.shape, magnitudes(x));
  if (result.dtype !== 'f32') return each(result, arithmetic, () => (isExact(x) ? 0 : Infinity));
  if (sumsExactly(sizes, [x])) return new Float32Array(sizes.length);
  const carried = on(op, result.shape, distances(x));
  const finite = on(op, result.shape, withoutInfinities(magnitudes(x)));
  const terms = op.axes.reduce((n, a) => n * x.shape[a], 1);
  return each(result, arithmetic, (i, v) => {
    if (!(finite[i] < largest / 4) || !(carried[i] < largest / 4)) return Infinity;
    return Number.isFinite(v) ? carried[i] + terms * (unit * sizes[i] + tiny) : 0;
  });
};

const momentsOf: Rule<'moments'> = (_op, result, arithmetic, x) => {
  const channels = result.shape[1];
  const rows = x.data.length / channels;
  const [sums, squares, carried, spread] = Array.from({ length: 4 }, () => new Float64Array(channels));
  x.data.forEach((v, i) => {
    const c = i % channels;
    const size = Number.isFinite(v) ? Math.abs(v) : 0;
    sums[c] += size / rows;
    squares[c] += size ** 2 / rows;
    carried[c] += x.apart[i] / rows;
    spread[c] = Math.max(spread[c], x.apart[i]);
  });
  return each(result, arithmetic, (i, v) => {
    const c = i % channels;
    if (!((i < channels ? sums[c] : squares[c]) * rows < largest / 4) || !(carried[c] < largest / 4)) return Infinity;
    if (!Number.isFinite(v)) return 0;
    const mean = carried[c] + (rows + 2) * (unit * sums[c] + tiny);
    if (i < channels) return mean;
    const d = spread[c] + mean;
    return 2 * d * (2 * sums[c]) + d * d + 4 * (rows + 8) * (unit * squares[c] + tiny);
  });
};

/** `f(output, elements of the window inside the image, in order)`. */
const eachWindow = (
  [n, h, w, c]: Shape,
  [, oh, ow]: Shape,
  { size, stride, padding }: PoolAttributes,
  f: (output: number, window: readonly number[]) => void,
): void => {
  const window: number[] = [];
  for (let b = 0; b < n; b++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++)
        for (let k = 0; k < c; k++) {
          window.length = 0;
          for (let p = 0; p < size[0]; p++)
            for (let q = 0; q < size[1]; q++) {
              const [y, x] = [i * stride[0] + p - padding[0], j * stride[1] + q - padding[2]];
              if (y >= 0 && y < h && x >= 0 && x < w) window.push(((b * h + y) * w + x) * c + k);
            }
          f(((b * oh + i) * ow + j) * c + k, window);
        }
};

const pool: Rule<'maxPool2d'> = (op, result, _arithmetic, x) => {
  const out = new Float32Array(result.data.length);
  eachWindow(x.shape, result.shape, op, (o, window) => {
    for (const i of window) out[o] = Math.max(out[o], x.apart[i]);
  });
  return out;
};

const poolGradient: Rule<'maxPool2dGrad'> = (op, result, _arithmetic, x, dy) => {
  const out = new Float64Array(result.data.length);
  const [sizes, counts] = [new Float64Array(out.length), new Float64Array(out.length)];
  eachWindow(x.shape, dy.shape, op, (o, window) => {
    let best = -1;
    // NaN is above everything.
    for (const i of window)
      if (best < 0 || x.data[i] > x.data[best] || (Number.isNaN(x.data[i]) && !Number.isNaN(x.data[best]))) best = i;
    for (const i of window) {
      const d = x.apart[i] + x.apart[best];
      const may = i === best || (d > 0 && !(Math.abs(x.data[best] - x.data[i]) > d));
      if (may) {
        const alone = d === 0 || i === best;
        out[i] += dy.apart[o] + (alone ? 0 : Math.abs(dy.data[o]));
        if (!alone) out[best] += Math.abs(dy.data[o]) + dy.apart[o];
        sizes[i] += Math.abs(dy.data[o]);
        counts[i]++;
      }
    }
  });
  const exact = isExact(dy) && (dy.data as Float32Array).every((v) => Number.isInteger(v * 16));
  return Float32Array.from(out, (d, i) => d + (counts[i] > 1 && !exact ? counts[i] * unit * sizes[i] : 0));
};

const none = (_op: unknown, { shape }: Result): Float32Array => new Float32Array(sizeOf(shape));

/** A device may take the smallest numbers that it is given for 0. */
const given = (_op: unknown, { data }: { readonly data: HostArray }, { flushes }: Arithmetic): Float32Array =>
  flushes && data instanceof Float32Array
    ? data.map((x) => (Math.abs(x) < smallest ? Math.abs(x) : 0))
    : new Float32Array(data.length);

export const boundRules: { readonly [K in OpKind]: Rule<K> } = {
  input: given,
  constant: given,
  stored: given,
  iota: none,
  randomBits: none,

  neg: integerOr(carriedOver),
  abs: integerOr(carriedOver),
  exp: growing(Math.exp, 6),
  log: growing(Math.log, 4, () => 2 ** -23),
  sqrt: growing(Math.sqrt, 3),
  sin: bounded(-1, 1),
  cos: bounded(-1, 1),
  atan: (_op, result, arithmetic, x) =>
    each(result, arithmetic, (i, v) => x.apart[i] + 4 * unit * Math.abs(v) + (v === 0 ? 0 : tiny)),
  floor: (_op, result, arithmetic, x) =>
    each(result, arithmetic, (i) => {
      const [v, d] = [x.data[i], x.apart[i]];
      if (arithmetic.flushes && Math.abs(v) < smallest && v < 0) return 1;
      return d === 0 ? 0 : Math.max(Math.floor(v + d) - Math.floor(v), Math.floor(v) - Math.floor(v - d));
    }),

  add: binary(
    (a, b) => a + b,
    (_a, _b, da, db) => da + db,
  ),
  sub: binary(
    (a, b) => a - b,
    (_a, _b, da, db) => da + db,
  ),
  mul: binary(
    (a, b) => a * b,
    (a, b, da, db) => times(a, db) + times(b, da) + da * db,
  ),
  div: (_op, result, arithmetic, a, b) =>
    each(result, arithmetic, (i, v) => {
      const [x, y, da, db] = [a.data[i], b.data[i], a.apart[i], b.apart[i]];
      if (result.dtype !== 'f32') return da + db === 0 ? 0 : Infinity;
      if (db > 0 && !(Math.abs(y) > db)) return Infinity;
      if (y === 0 && (b.signless || arithmetic.flushes)) return Number.isNaN(v) && da === 0 ? 0 : Infinity;
      if (arithmetic.flushes && (Math.abs(y) < 2 * smallest || Math.abs(y) > 2 ** 125)) return Infinity;
      if (da + db === 0) return rounded(x / y, v, arithmetic.flushes ? 4 : 1);
      return (da + times(v, db)) / (Math.abs(y) - db) + rounded(Number.NaN, v, arithmetic.flushes ? 4 : 1);
    }),
  max: (_op, result, arithmetic, a, b) => each(result, arithmetic, (i) => Math.max(a.apart[i], b.apart[i])),
  min: (_op, result, arithmetic, a, b) => each(result, arithmetic, (i) => Math.max(a.apart[i], b.apart[i])),
  less: ordered,
  equal: ordered,
  select: (_op, result, arithmetic, c, a, b) =>
    each(result, arithmetic, (i) => {
      const [x, d] = [c.data[i], c.apart[i]];
      const unsure = (d > 0 && !(Math.abs(x) > d)) || (arithmetic.flushes && x !== 0 && Math.abs(x) < smallest);
      if (!unsure) return x !== 0 ? a.apart[i] : b.apart[i];
      const gap = Object.is(a.data[i], b.data[i]) ? 0 : Math.abs(a.data[i] - b.data[i]);
      return gap + Math.max(a.apart[i], b.apart[i]);
    }),
  cast: (_op, result, arithmetic, x) =>
    each(result, arithmetic, (i, v) => {
      const [at, d] = [x.data[i], x.apart[i]];
      if (result.dtype === 'f32') return d + (at === v ? 0 : unit * Math.abs(v));
      if (d === 0) return 0;
      if (!(x.data instanceof Float32Array)) return Infinity;
      return Math.trunc(at + d) - Math.trunc(at - d);
    }),

  sum: sumOf,
  reduceMax: (op, result, _arithmetic, x) => {
    const found = on(op, result.shape, distances(x));
    return found.map((d) => Math.max(0, d));
  },
  moments: momentsOf,

  reshape: moved('reshape'),
  broadcast: moved('broadcast'),
  transpose: moved('transpose'),
  slice: moved('slice'),
  pad: moved('pad'),
  concat: moved('concat'),
  gather: indexed('gather'),
  scatterAdd: (op, result, arithmetic, x, indices) => {
    if (!isExact(indices)) return new Float32Array(result.data.length).fill(Infinity);
    if (result.dtype !== 'f32') return each(result, arithmetic, () => (isExact(x) ? 0 : Infinity));
    const total = (data: Float32Array) =>
      kernels.scatterAdd(op, { ...result, dtype: 'f32' }, { data, shape: x.shape }, indices);
    const sizes = total(magnitudes(x).data) as Float32Array;
    if (sumsExactly(sizes, [x])) return new Float32Array(sizes.length);
    const carried = total(x.apart);
    const finite = total(withoutInfinities(magnitudes(x)).data);
    return each(result, arithmetic, (i, v) => {
      if (!(finite[i] < largest / 4) || !(carried[i] < largest / 4)) return Infinity;
      return Number.isFinite(v) ? carried[i] + indices.data.length * (unit * sizes[i] + tiny) : 0;
    });
  },

  matmul: (op, result, arithmetic, a, b) => {
    const terms = a.shape[a.shape.length - (op.transposeA ? 2 : 1)];
    return contraction(result, arithmetic, [a, b], terms, (p, q) => on(op, result.shape, p, q));
  },
  conv2d: (op, result, arithmetic, x, filter) => {
    const terms = filter.shape[1] * filter.shape[2] * filter.shape[3];
    const total = (p: { data: Float32Array; shape: Shape }, q: { data: Float32Array; shape: Shape }) =>
      on(op, result.shape, p, q);
    return contraction(result, arithmetic, [x, filter], terms, total, {
      spread: isTiled(filter.shape, op),
      padded: true,
    });
  },
  conv2dInput: (op, result, arithmetic, dy, filter) => {
    const terms = filter.shape[0] * filter.shape[1] * filter.shape[2];
    const total = (p: { data: Float32Array; shape: Shape }, q: { data: Float32Array; shape: Shape }) =>
      on(op, result.shape, p, q);
    return contraction(result, arithmetic, [dy, filter], terms, total, {
      spread: isTiled(filter.shape, op),
      padded: true,
    });
  },
  conv2dFilter: (op, result, arithmetic, x, dy) => {
    const terms = dy.shape[0] * dy.shape[1] * dy.shape[2];
    const total = (p: { data: Float32Array; shape: Shape }, q: { data: Float32Array; shape: Shape }) =>
      on(op, result.shape, p, q);
    return contraction(result, arithmetic, [x, dy], terms, total, { spread: isTiled(result.shape, op), padded: true });
  },
  maxPool2d: pool,
  maxPool2dGrad: poolGradient,
  tag: (_op, _result, _arithmetic, x) => x.apart,
};

const sums: ReadonlySet<OpKind> = new Set<OpKind>([
  'sum',
  'moments',
  'matmul',
  'conv2d',
  'conv2dInput',
  'conv2dFilter',
  'scatterAdd',
  'maxPool2dGrad',
]);

type AnyRule = (op: unknown, result: unknown, arithmetic: Arithmetic, ...inputs: readonly Bounded[]) => Float32Array;

/** Values and bounds of the outputs of a graph, for these arguments. */
export const evaluateBounds = (
  graph: Graph,
  args: readonly HostArray[],
  arithmetic: Arithmetic,
): readonly Bounded[] => {
  const uses = new Int32Array(graph.nodes.length);
  for (const { inputs } of graph.nodes) for (const i of inputs) uses[i]++;
  for (const id of graph.outputs) uses[id]++;
  const values: (Bounded | undefined)[] = [];
  for (const { op, inputs, shape, dtype, id } of graph.nodes) {
    const given = inputs.map((i) => values[i]!);
    const data =
      op.kind === 'input'
        ? args[op.index]
        : op.kind === 'constant'
          ? op.data
          : kernelOf(op.kind)(op, { shape, dtype }, ...given);
    const apart = (boundRules[op.kind] as unknown as AnyRule)(op, { data, shape, dtype }, arithmetic, ...given);
    const signless = sums.has(op.kind) || given.some((g) => g.signless);
    values[id] = { data, shape, apart, signless };
    for (const i of inputs) if (--uses[i] === 0) values[i] = undefined;
  }
  return graph.outputs.map((id) => values[id]!);
};
