/** Elementwise operations. Binary ones stretch their operands by NumPy's rule and take plain numbers too. */
import type { BinaryKind, Tag, UnaryKind } from '../op.ts';
import { broadcastShape, type DType, type Shape } from '../shape.ts';
import { node, scalar, type Tensor } from '../tensor.ts';
import { broadcastTo } from './movement.ts';

export type Operand = Tensor | number;

const lift = (x: Operand, dtype: DType): Tensor => (typeof x === 'number' ? scalar(x, dtype) : x);

const unary =
  (kind: UnaryKind) =>
  (x: Tensor): Tensor => {
    if (x.dtype !== 'f32' && kind !== 'neg' && kind !== 'abs') {
      throw new TypeError(`${kind}: takes f32, got ${x.dtype}; use cast('f32')`);
    }
    return node({ kind }, [x], x.shape, x.dtype);
  };

const operands = (op: string, a: Operand, b: Operand): { left: Tensor; right: Tensor; shape: Shape } => {
  const dtype = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : 'f32';
  const [left, right] = [lift(a, dtype), lift(b, dtype)];
  if (left.dtype !== right.dtype) {
    throw new TypeError(`${op}: operands must have one dtype, got ${left.dtype} and ${right.dtype}`);
  }
  const shape = broadcastShape(op, left.shape, right.shape);
  return { left: broadcastTo(shape)(left), right: broadcastTo(shape)(right), shape };
};

const binary =
  (kind: BinaryKind) =>
  (a: Operand, b: Operand): Tensor => {
    const { left, right, shape } = operands(kind, a, b);
    return node({ kind }, [left, right], shape, kind === 'less' || kind === 'equal' ? 'f32' : left.dtype);
  };

export const neg = unary('neg');
export const abs = unary('abs');
export const exp = unary('exp');
/** Natural logarithm. */
export const log = unary('log');
export const sqrt = unary('sqrt');
export const sin = unary('sin');
export const cos = unary('cos');
export const atan = unary('atan');
export const floor = unary('floor');

export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');
export const maximum = binary('max');
export const minimum = binary('min');
/** 1 where a < b, else 0 (f32). A comparison with NaN is 0. */
export const less = binary('less');
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
/** 1 where a = b, else 0 (f32). */
export const equal = binary('equal');

/** a where `condition` (f32) is not 0, else b; the three stretch to one shape. */
export const select = (condition: Tensor, a: Operand, b: Operand): Tensor => {
  if (condition.dtype !== 'f32') throw new TypeError(`select: the condition must be f32, got ${condition.dtype}`);
  const { left, right, shape } = operands('select', a, b);
  const whole = broadcastShape('select', condition.shape, shape);
  const [c, p, q] = [condition, left, right].map(broadcastTo(whole));
  return node({ kind: 'select' }, [c, p, q], whole, left.dtype);
};

/** f32 to integer truncates toward zero and saturates; NaN gives 0. */
export const cast =
  (dtype: DType) =>
  (x: Tensor): Tensor =>
    x.dtype === dtype ? x : node({ kind: 'cast' }, [x], x.shape, dtype);

/** Passes x through with a mark for graph transforms; `after` only orders the graph. */
export const tag =
  (mark: Tag, after: readonly Tensor[] = []) =>
  (x: Tensor): Tensor =>
    node({ kind: 'tag', tag: mark }, [x, ...after], x.shape, x.dtype);
