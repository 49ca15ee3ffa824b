/** From the steps of a program to kernels. */
import type { Place, Program, Step } from '../plan/program.ts';
import { conv2d, conv2dFilter, conv2dInput, matmul } from './contraction.ts';
import { type Lowered, Lowering, type Means } from './lowering.ts';
import { map, moments, reduce } from './pointwise.ts';
import { gather, maxPool, maxPoolGrad, randomBits, scatterAdd } from './windows.ts';

type Rule<K extends Step['kind']> = (lowering: Lowering, step: Extract<Step, { kind: K }>) => void;

const rules: { readonly [K in Step['kind']]: Rule<K> } = {
  map: (lowering, { shape, expression, out }) => {
    const operand = { value: out.value };
    map(lowering, shape, expression, {
      operand,
      dtype: lowering.dtypeOf(out.value),
      offset: out.offset,
      strides: out.strides,
    });
  },
  reduce: (lowering, { shape, axes, fold, expression, out }) =>
    reduce(lowering, shape, axes, fold, expression, { value: out }, lowering.dtypeOf(out)),
  moments,
  matmul,
  conv2d,
  conv2dInput,
  conv2dFilter,
  maxPool2d: maxPool,
  maxPool2dGrad: maxPoolGrad,
  gather,
  scatterAdd,
  randomBits,
};

export const lower = (program: Program, means: Means, half: ReadonlySet<Place>): Lowered => {
  const lowering = new Lowering(program, means, half);
  program.steps.forEach((step, i) => {
    lowering.begin(i);
    (rules[step.kind] as (lowering: Lowering, step: Step) => void)(lowering, step);
  });
  return lowering.done();
};
