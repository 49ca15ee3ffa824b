/** Maps, reductions and moments. */
import { type Expression, noValue, type Step } from '../plan/program.ts';
import { type DType, type Shape, sizeOf, stridesOf } from '../shape.ts';
import type { Operand } from './kernel.ts';
import type { Lowering } from './lowering.ts';
import { fitted, type Reading } from './split.ts';
import { addressOf, emitExpression, literal, u, unflatten } from './wgsl.ts';

/** Operands of an expression's loads when they are not the program's values. */
type Reads = readonly Operand[];

const loader = (
  lowering: Lowering,
  bindings: ReturnType<Lowering['bindings']>,
  { e, reads }: Reading,
  position: (axis: number) => string,
) => {
  const dtypeOf = (k: number) => e.code.find((line) => line.kind === 'load' && line.load === k)?.dtype ?? 'f32';
  const boundAs = (operand: Operand, dtype: DType) => ('value' in operand ? lowering.dtypeOf(operand.value) : dtype);
  const names = reads.map((operand, k) => bindings.name(operand, boundAs(operand, dtypeOf(k))));
  return (k: number) => {
    const element = bindings.read(names[k], addressOf(e.loads[k].offset, e.loads[k].strides, position));
    return bindings.dtypeOf(names[k]) === dtypeOf(k) ? element : `bitcast<${dtypeOf(k)}>(${element})`;
  };
};

/** The expression with so few buffers that there is room for the result's, too. */
const prepared = (lowering: Lowering, shape: Shape, e: Expression, reads: Reads | undefined): Reading =>
  fitted(
    { e, reads: reads ?? e.loads.map(({ value }) => ({ value })) },
    shape,
    lowering.means.maxBuffers - 1,
    (part, dtype) => {
      const operand = lowering.temporary(sizeOf(shape));
      map(lowering, shape, part.e, { operand, dtype, offset: 0, strides: stridesOf(shape) }, part.reads);
      return operand;
    },
  );

export const map = (
  lowering: Lowering,
  shape: Shape,
  e: Expression,
  out: {
    readonly operand: Operand;
    readonly dtype: DType;
    readonly offset: number;
    readonly strides: readonly number[];
  },
  reads?: Reads,
): void => {
  const reading = prepared(lowering, shape, e, reads);
  const bindings = lowering.bindings();
  const target = bindings.name(out.operand, out.dtype, true);
  const position = (axis: number) => `p${axis}`;
  const { lines, result } = emitExpression(reading.e, {
    load: loader(lowering, bindings, reading, position),
    position,
  });
  lowering.flat(
    bindings,
    sizeOf(shape),
    `${unflatten('index', shape, 'p')}\n${lines}\n${bindings.write(target, addressOf(out.offset, out.strides, position), result)}`,
  );
};

const folds: Readonly<Record<'sum' | 'max', Readonly<Record<DType, readonly [start: string, fold: string]>>>> = {
  sum: { f32: ['0.0', '$a + $b'], i32: ['0i', '$a + $b'], u32: ['0u', '$a + $b'] },
  max: {
    f32: [literal(Number.NEGATIVE_INFINITY, 'f32'), 'max_of($a, $b)'],
    i32: [literal(-(2 ** 31), 'i32'), 'max($a, $b)'],
    u32: ['0u', 'max($a, $b)'],
  },
};

/** Elements that one thread folds: results do not depend on the device. */
const piece = 256;

/** Folds `axes` away into dense `out`; long folds in two passes or more. */
export const reduce = (
  lowering: Lowering,
  shape: Shape,
  axes: readonly number[],
  fold: 'sum' | 'max',
  e: Expression,
  out: Operand,
  dtype: DType,
  reads?: Reads,
): void => {
  const kept = shape.map((_, a) => a).filter((a) => !axes.includes(a));
  const sizes = (list: readonly number[]) => list.map((a) => shape[a]);
  const [keptSize, foldSize] = [sizeOf(sizes(kept)), sizeOf(sizes(axes))];
  const pieces = Math.max(1, Math.ceil(foldSize / piece));
  const target = pieces === 1 ? out : lowering.temporary(keptSize * pieces);
  const reading = prepared(lowering, shape, e, reads);
  const bindings = lowering.bindings();
  const name = bindings.name(target, dtype, true);
  const position = (axis: number) => (axes.includes(axis) ? `f${axes.indexOf(axis)}` : `k${kept.indexOf(axis)}`);
  const { lines, result } = emitExpression(reading.e, {
    load: loader(lowering, bindings, reading, position),
    position,
  });
  const [start, step] = folds[fold][dtype];
  lowering.flat(
    bindings,
    keptSize * pieces,
    `let part = index / ${u(keptSize)};
let element = index % ${u(keptSize)};
${kept.length > 0 ? unflatten('element', sizes(kept), 'k') : ''}
var total: ${dtype} = ${start};
let end = min((part + 1u) * ${u(piece)}, ${u(foldSize)});
for (var folded = part * ${u(piece)}; folded < end; folded++) {
${axes.length > 0 ? unflatten('folded', sizes(axes), 'f') : ''}
${lines}
total = ${step.replace('$a', 'total').replace('$b', result)};
}
${bindings.write(name, 'index', 'total')}`,
  );
  if (pieces === 1) return;
  // Partial results are [piece, element].
  const load: Expression = {
    loads: [{ value: noValue, offset: 0, strides: stridesOf([pieces, keptSize]) }],
    code: [{ kind: 'load', load: 0, dtype }],
  };
  reduce(lowering, [pieces, keptSize], [0], fold, load, out, dtype, [target]);
};

export const moments = (lowering: Lowering, { x, rows, channels, out }: Extract<Step, { kind: 'moments' }>): void => {
  const [total, mean, squares] = [0, 1, 2].map(() => lowering.temporary(channels));
  const scale: Expression = {
    loads: [{ value: noValue, offset: 0, strides: [1] }],
    code: [
      { kind: 'load', load: 0, dtype: 'f32' },
      { kind: 'literal', value: 1 / rows, dtype: 'f32' },
      { kind: 'mul', a: 0, b: 1, dtype: 'f32' },
    ],
  };
  const value: Expression = {
    loads: [{ value: noValue, offset: 0, strides: [channels, 1] }],
    code: [{ kind: 'load', load: 0, dtype: 'f32' }],
  };
  const deviation: Expression = {
    loads: [...value.loads, { value: noValue, offset: 0, strides: [0, 1] }],
    code: [
      { kind: 'load', load: 0, dtype: 'f32' },
      { kind: 'load', load: 1, dtype: 'f32' },
      { kind: 'sub', a: 0, b: 1, dtype: 'f32' },
      { kind: 'mul', a: 2, b: 2, dtype: 'f32' },
    ],
  };
  const shape = [rows, channels];
  const place = (operand: Operand, offset: number) => ({ operand, dtype: 'f32' as const, offset, strides: [1] });
  const image: Operand = { value: x };
  reduce(lowering, shape, [0], 'sum', value, total, 'f32', [image]);
  map(lowering, [channels], scale, place(mean, 0), [total]);
  reduce(lowering, shape, [0], 'sum', deviation, squares, 'f32', [image, mean]);
  map(lowering, [channels], scale, place({ value: out }, 0), [total]);
  map(lowering, [channels], scale, place({ value: out }, channels), [squares]);
};
