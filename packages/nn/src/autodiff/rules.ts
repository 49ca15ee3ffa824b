/**
 * Reverse-mode derivative rules, one row for each operation: from the cotangent of the result to the cotangents of the
 * inputs. The table is typed by the closed op set, so an operation without a rule does not compile.
 *
 * Conventions where a derivative is not unique: `max(a, b)` and `min(a, b)` send a tie to b (so that
 * `max(x, slope * x)` has the slope at 0, as Darknet's leaky ReLU); `abs` has 0 at 0; `reduceMax` shares a tie equally;
 * `maxPool2d` gives it to the first element of the window in row order. Comparisons, `floor`, casts to integers and
 * random bits have derivative 0.
 */
import {
  add,
  broadcastTo,
  type ConvAttributes,
  conv2d,
  conv2dFilter,
  conv2dInput,
  cos,
  div,
  equal,
  gather,
  less,
  matmul,
  maxPool2d,
  maxPool2dGrad,
  mul,
  neg,
  type OpKind,
  type OpOf,
  ones,
  type PoolAttributes,
  pad,
  reshape,
  scatterAdd,
  select,
  sin,
  slice,
  sliceAxis,
  sub,
  sum,
  type Tensor,
  tag,
  transpose,
  zeros,
} from '@gdarknet/tensor';

/** A cotangent for each input; a missing one is zero. */
export type Cotangents = readonly (Tensor | undefined)[];
type Rule<K extends OpKind> = (dy: Tensor, y: Tensor, op: OpOf<K>, ...inputs: readonly Tensor[]) => Cotangents;

const zero = (): Cotangents => [];

/** What the gradients of a convolution or of pooling take over from it. */
const convOf = ({ stride, padding, groups }: ConvAttributes) => ({ stride, padding, groups });
const poolOf = ({ size, stride, padding }: PoolAttributes) => ({ size, stride, padding });

const sumTo = (x: Tensor, dy: Tensor): Tensor =>
  sum({ axes: x.shape.flatMap((d, i) => (d === dy.shape[i] ? [] : [i])), keep: true })(dy);

/** `[2, c]` of a `moments` result, spread over x: row 0 is for the mean, row 1 for the variance. */
const row = (pairOfRows: Tensor, index: number, x: Tensor): Tensor =>
  broadcastTo(x.shape)(reshape([x.shape[x.shape.length - 1]])(sliceAxis(0, index, index + 1)(pairOfRows)));

/** For each window the element of g that lies where x has its first maximum: the transpose of `maxPool2dGrad`. */
const takeFromWindows = (g: Tensor, x: Tensor, op: PoolAttributes): Tensor => {
  const [top, bottom, left, right] = op.padding;
  const largest = maxPool2d(poolOf(op))(x);
  const [, oh, ow] = largest.shape;
  const padded = (t: Tensor, value: number) => pad([0, top, left, 0], [0, bottom, right, 0], { value })(t);
  const [values, wanted] = [padded(x, Number.NEGATIVE_INFINITY), padded(g, 0)];
  const [n, , , c] = x.shape;
  const corner = (t: Tensor, p: number, q: number): Tensor => {
    const end = [n, p + (oh - 1) * op.stride[0] + 1, q + (ow - 1) * op.stride[1] + 1, c];
    return slice([0, p, q, 0], end, [1, ...op.stride, 1])(t);
  };
  let taken = zeros(largest.shape);
  let open = ones(largest.shape);
  for (let p = 0; p < op.size[0]; p++)
    for (let q = 0; q < op.size[1]; q++) {
      const here = mul(open, equal(corner(values, p, q), largest));
      taken = add(taken, mul(here, corner(wanted, p, q)));
      open = sub(open, here);
    }
  return taken;
};

export const rules: { readonly [K in OpKind]: Rule<K> } = {
  input: zero,
  constant: zero,
  stored: zero,
  iota: zero,
  randomBits: zero,

  neg: (dy) => [neg(dy)],
  abs: (dy, _y, _op, x) => [mul(dy, sub(less(0, x), less(x, 0)))],
  exp: (dy, y) => [mul(dy, y)],
  log: (dy, _y, _op, x) => [div(dy, x)],
  sqrt: (dy, y) => [div(mul(dy, 0.5), y)],
  sin: (dy, _y, _op, x) => [mul(dy, cos(x))],
  cos: (dy, _y, _op, x) => [neg(mul(dy, sin(x)))],
  atan: (dy, _y, _op, x) => [div(dy, add(mul(x, x), 1))],
  floor: zero,

  add: (dy) => [dy, dy],
  sub: (dy) => [dy, neg(dy)],
  mul: (dy, _y, _op, a, b) => [mul(dy, b), mul(dy, a)],
  div: (dy, y, _op, _a, b) => [div(dy, b), neg(div(mul(dy, y), b))],
  max: (dy, _y, _op, a, b) => [select(less(b, a), dy, 0), select(less(b, a), 0, dy)],
  min: (dy, _y, _op, a, b) => [select(less(a, b), dy, 0), select(less(a, b), 0, dy)],
  less: zero,
  equal: zero,
  select: (dy, _y, _op, c) => [undefined, select(c, dy, 0), select(c, 0, dy)],
  cast: zero,

  sum: (dy, _y, _op, x) => [broadcastTo(x.shape)(dy)],
  reduceMax: (dy, y, op, x) => {
    const largest = equal(x, y);
    return [mul(largest, div(dy, sum({ axes: op.axes, keep: true })(largest)))];
  },
  moments: (dy, y, _op, x) => {
    const rows = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const scaled = mul(dy, 1 / rows);
    return [add(row(scaled, 0, x), mul(row(mul(scaled, 2), 1, x), sub(x, row(y, 0, x))))];
  },

  reshape: (dy, _y, _op, x) => [reshape(x.shape)(dy)],
  broadcast: (dy, _y, _op, x) => [sumTo(x, dy)],
  transpose: (dy, _y, op) => [transpose(op.order.map((_, i) => op.order.indexOf(i)))(dy)],
  slice: (dy, y, op, x) => {
    if (y.shape.includes(0)) return [];
    const last = (i: number) => op.start[i] + (y.shape[i] - 1) * op.step[i] + 1;
    const high = x.shape.map((d, i) => d - last(i));
    return [pad(op.start, high, { interior: op.step.map((s) => s - 1) })(dy)];
  },
  pad: (dy, _y, op, x) => {
    const step = op.interior.map((p) => p + 1);
    const end = x.shape.map((d, i) => op.low[i] + Math.max(0, (d - 1) * step[i] + 1));
    return [slice(op.low, end, step)(dy)];
  },
  concat: (dy, _y, op, ...parts) => {
    let start = 0;
    return parts.map((t) => {
      const from = start;
      start += t.shape[op.axis];
      return sliceAxis(op.axis, from, start)(dy);
    });
  },
  gather: (dy, _y, op, x, indices) => [scatterAdd(indices, x.shape[op.axis], op.axis)(dy)],
  scatterAdd: (dy, _y, op, _updates, indices) => [gather(indices, op.axis)(dy)],

  matmul: (dy, _y, { transposeA, transposeB }, a, b) => [
    transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
      : matmul(dy, b, { transposeB: !transposeB }),
    transposeB
      ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dy, { transposeA: !transposeA }),
  ],
  conv2d: (dy, _y, op, x, filter) => [
    conv2dInput(filter, x.shape, convOf(op))(dy),
    conv2dFilter(x, dy, filter.shape, convOf(op)),
  ],
  conv2dInput: (dx, _y, op, dy, filter) => [
    conv2d(filter, convOf(op))(dx),
    conv2dFilter(dx, dy, filter.shape, convOf(op)),
  ],
  conv2dFilter: (df, _y, op, x, dy) => [conv2dInput(df, x.shape, convOf(op))(dy), conv2d(df, convOf(op))(x)],

  maxPool2d: (dy, _y, op, x) => [maxPool2dGrad(dy, poolOf(op))(x)],
  maxPool2dGrad: (g, _y, op, x) => [undefined, takeFromWindows(g, x, op)],

  // A gradient keeps what prints the value, though it does not read it.
  tag: (dy, y, op) => [op.tag.name === 'print' ? tag({ name: 'after', uid: 1 }, [y])(dy) : dy],
};

/** The table applied to a node, whatever its operation. */
export const pullThrough = (t: Tensor, dy: Tensor): Cotangents =>
  (rules[t.op.kind] as Rule<OpKind>)(dy, t, t.op, ...t.inputs);
