/** Darknet's activations (SPEC 1.5) in ONNX's operators. */
import type { Activation } from '../layers/common/activations.ts';
import type { Builder } from './builder.ts';

type Rule = (to: Builder, x: string) => string;

const times = (to: Builder, x: string, factor: number): string => to.node('Mul', [x, to.floats([factor])]);
const plus = (to: Builder, x: string, term: number): string => to.node('Add', [x, to.floats([term])]);
const clip = (to: Builder, x: string, low: number, high: number): string =>
  to.node('Clip', [x, to.floats([low]), to.floats([high])]);

/** `inner` of x kept between two bounds, and a slope of .01 or so outside them. */
const bent = (low: number, high: number, slope: number, inner: Rule): Rule => {
  return (to, x) => {
    const kept = clip(to, x, low, high);
    return to.node('Add', [inner(to, kept), times(to, to.node('Sub', [x, kept]), slope)]);
  };
};

const leaning =
  (slope: number): Rule =>
  (to, x) =>
    to.node('LeakyRelu', [x], { alpha: { float: slope } });

const rules: { readonly [A in Activation]: Rule } = {
  linear: (_, x) => x,
  logistic: (to, x) => to.node('Sigmoid', [x]),
  loggy: (to, x) => plus(to, times(to, to.node('Sigmoid', [x]), 2), -1),
  relu: (to, x) => to.node('Relu', [x]),
  elu: (to, x) => to.node('Elu', [x], { alpha: { float: 1 } }),
  selu: (to, x) => to.node('Selu', [x], { alpha: { float: 1.6732 }, gamma: { float: 1.0507 } }),
  relie: leaning(0.01),
  leaky: leaning(0.1),
  tanh: (to, x) => to.node('Tanh', [x]),
  hardtan: (to, x) => clip(to, x, -1, 1),
  ramp: (to, x) => to.node('Add', [to.node('Relu', [x]), times(to, x, 0.1)]),
  plse: bent(-4, 4, 0.01, (to, x) => plus(to, times(to, x, 0.125), 0.5)),
  lhtan: bent(0, 1, 0.001, (_, x) => x),
  /** Half of the whole part, and the fraction where the whole part is odd. */
  stair: (to, x) => {
    const n = to.node('Floor', [x]);
    const half = to.node('Floor', [times(to, x, 0.5)]);
    const odd = to.node('Sub', [n, times(to, to.node('Floor', [times(to, n, 0.5)]), 2)]);
    return to.node('Add', [half, to.node('Mul', [odd, to.node('Sub', [x, n])])]);
  },
};

export const activated = (to: Builder, kind: Activation, x: string): string => rules[kind](to, x);
