/** The step of an operation that has a kernel of its own. */
import type { KindOf, OpOf } from '../op.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Expression, Step, ValueId } from './program.ts';

/** `from` is the shape of the first operand, `shape` that of the result. */
export const kernelStep = (
  op: OpOf<KindOf<'kernel'>>,
  [p, q]: readonly ValueId[],
  from: Shape,
  shape: Shape,
  out: ValueId,
  epilogue?: Expression,
): Step => {
  const around = (axis: number) => ({
    outer: sizeOf(from.slice(0, axis)),
    inner: sizeOf(from.slice(axis + 1)),
  });
  switch (op.kind) {
    case 'moments': {
      const channels = from[from.length - 1];
      return { kind: 'moments', x: p, rows: sizeOf(from) / channels, channels, out };
    }
    case 'matmul': {
      const [m, n] = shape.slice(-2);
      const k = from[from.length - (op.transposeA ? 2 : 1)];
      const batch = shape.length === 3 ? shape[0] : 1;
      return { ...op, a: p, b: q, batch, m, n, k, epilogue, out };
    }
    case 'conv2d':
      return { ...op, x: p, filter: q, epilogue, out };
    case 'conv2dInput':
      return { ...op, dy: p, filter: q, epilogue, out };
    case 'conv2dFilter':
    case 'maxPool2dGrad':
      return { ...op, x: p, dy: q, out };
    case 'maxPool2d':
      return { ...op, x: p, out };
    case 'gather':
      return { kind: 'gather', x: p, indices: q, ...around(op.axis), size: from[op.axis], count: shape[op.axis], out };
    case 'scatterAdd':
      return {
        kind: 'scatterAdd',
        updates: p,
        indices: q,
        ...around(op.axis),
        size: op.size,
        count: from[op.axis],
        out,
      };
    case 'randomBits':
      return { kind: 'randomBits', key: p, count: sizeOf(shape), out };
  }
};
