/**
 * Elementwise operations. Binary ones stretch their operands by NumPy's rule and take plain numbers too. A number takes the
 * dtype of the tensor that it meets, and must be one of its values: 1.7 does not meet an integer tensor.
 */
import { check, checkTensor, dtypeRule, show, valueRules } from '../check.ts';
import { ArgumentError } from '../errors.ts';
import type { BinaryKind, Tag, UnaryKind } from '../op.ts';
import { type BinaryRow, binaryRows, unaryRows } from '../scalars.ts';
import { broadcastShape, type DType, type Shape } from '../shape.ts';
import { node, scalar, type Tensor } from '../tensor.ts';
import { isTensor } from '../tree.ts';
import { broadcastTo } from './movement.ts';

export type Operand = Tensor | number;

const unary =
  (kind: UnaryKind) =>
  (x: Tensor): Tensor => {
    checkTensor(kind, 'x', x, unaryRows[kind].integers ? undefined : 'f32');
    return node({ kind }, [x], x.shape, x.dtype);
  };

/** One operand as a tensor; `dtype` is that of the other. */
const lift = (op: string, argument: string, x: Operand, dtype: DType): Tensor => {
  if (typeof x !== 'number') return checkTensor(op, argument, x);
  if (!valueRules[dtype].holds(x)) {
    const advice = `use cast('f32') on the ${dtype} tensor first`;
    throw new ArgumentError(op, argument, valueRules[dtype].expected, show(x), advice);
  }
  return scalar(x, dtype);
};

const operands = (op: string, a: Operand, b: Operand): { left: Tensor; right: Tensor; shape: Shape } => {
  const dtype = isTensor(a) ? a.dtype : isTensor(b) ? b.dtype : 'f32';
  const [left, right] = [lift(op, 'a', a, dtype), lift(op, 'b', b, dtype)];
  if (left.dtype !== right.dtype) {
    throw new ArgumentError(op, 'b', `of the dtype of a, ${left.dtype}`, show(right), `use cast('${left.dtype}')`);
  }
  const shape = broadcastShape(op, left.shape, right.shape);
  return { left: broadcastTo(shape)(left), right: broadcastTo(shape)(right), shape };
};

const binary =
  (kind: BinaryKind, name: string = kind) =>
  (a: Operand, b: Operand): Tensor => {
    const { left, right, shape } = operands(name, a, b);
    return node({ kind }, [left, right], shape, (binaryRows[kind] as BinaryRow).compares ? 'f32' : left.dtype);
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
/** The larger; NaN where either is NaN. */
export const maximum = binary('max', 'maximum');
/** The smaller; NaN where either is NaN. */
export const minimum = binary('min', 'minimum');
/** 1 where a < b, else 0 (f32). A comparison with NaN is 0. */
export const less = binary('less');
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
/** 1 where a = b, else 0 (f32). */
export const equal = binary('equal');

/** a where `condition` (f32) is not 0, else b; the three stretch to one shape. */
export const select = (condition: Tensor, a: Operand, b: Operand): Tensor => {
  checkTensor('select', 'the condition', condition, 'f32');
  const { left, right, shape } = operands('select', a, b);
  const whole = broadcastShape('select', condition.shape, shape);
  const [c, p, q] = [condition, left, right].map(broadcastTo(whole));
  return node({ kind: 'select' }, [c, p, q], whole, left.dtype);
};

/**
 * f32 to integer truncates toward zero and saturates (-1.5 to u32 is 0); NaN gives 0. Between the integers bits stay as they
 * are; an integer that f32 does not hold is rounded.
 */
export const cast = (dtype: DType) => {
  check('cast', 'dtype', dtypeRule, dtype);
  return (x: Tensor): Tensor =>
    checkTensor('cast', 'x', x).dtype === dtype ? x : node({ kind: 'cast' }, [x], x.shape, dtype);
};

/** Passes x through with a mark for graph transforms; `after` only orders the graph. */
export const tag =
  (mark: Tag, after: readonly Tensor[] = []) =>
  (x: Tensor): Tensor =>
    node({ kind: 'tag', tag: mark }, [x, ...after], x.shape, x.dtype);
