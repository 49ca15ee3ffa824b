/**
 * How exact functions are: the largest error over a range, in units in the last place of f32, against double precision. The
 * table says what every device has to keep; the README prints it.
 */
import type { Device } from '../device.ts';
import * as T from '../index.ts';
import type { Tensor } from '../tensor.ts';

type Range = {
  readonly from: number;
  readonly to: number;
  /** Steps of one ratio instead of one size; both ends have one sign. */
  readonly geometric?: boolean;
};

export type Row = Range & {
  readonly name: string;
  readonly f: (x: Tensor) => Tensor;
  readonly exact: (x: number) => number;
  /** Units in the last place that no device exceeds. */
  readonly ulps: number;
  /** Units of 1 instead of the value's own: where it has zeros between. */
  readonly absolute?: boolean;
};

const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

type Function = Pick<Row, 'name' | 'f' | 'exact'>;
const functions = {
  exp: { name: 'exp', f: T.exp, exact: Math.exp },
  log: { name: 'log', f: T.log, exact: Math.log },
  sqrt: { name: 'sqrt', f: T.sqrt, exact: Math.sqrt },
  sin: { name: 'sin', f: T.sin, exact: Math.sin },
  cos: { name: 'cos', f: T.cos, exact: Math.cos },
  atan: { name: 'atan', f: T.atan, exact: Math.atan },
  sigmoid: { name: 'sigmoid', f: T.sigmoid, exact: logistic },
  tanh: { name: 'tanh', f: T.tanh, exact: Math.tanh },
  expm1: { name: 'expm1', f: T.expm1, exact: Math.expm1 },
  log1p: { name: 'log1p', f: T.log1p, exact: Math.log1p },
} as const satisfies Readonly<Record<string, Function>>;

const linear = (of: Function, ulps: number, from: number, to: number): Row => ({ ...of, ulps, from, to });
const geometric = (of: Function, ulps: number, from: number, to: number): Row => ({
  ...linear(of, ulps, from, to),
  geometric: true,
});
const absolute = (of: Function, ulps: number, from: number, to: number): Row => ({
  ...linear(of, ulps, from, to),
  absolute: true,
});
const { exp, log, sqrt, sin, cos, atan, sigmoid, tanh, expm1, log1p } = functions;

export const rows: readonly Row[] = [
  linear(exp, 1, -87, 88),
  linear(exp, 1, -103, -87),
  geometric(exp, 1, -1e-30, -1),
  geometric(log, 1, 1e-37, 3e38),
  linear(log, 1, 0.5, 2),
  geometric(sqrt, 1, 1e-37, 3e38),
  linear(sin, 2, -3, 3),
  geometric(sin, 2, 1e-30, 1),
  absolute(sin, 2, -1000, 1000),
  linear(cos, 2, -1.5, 1.5),
  absolute(cos, 2, -1000, 1000),
  linear(atan, 4, -10, 10),
  geometric(atan, 4, 1e-30, 1e30),
  linear(sigmoid, 3, -87, 20),
  linear(sigmoid, 3, -103, -87),
  linear(tanh, 3, -10, 10),
  geometric(tanh, 3, 1e-30, 1),
  linear(expm1, 3, -20, 20),
  geometric(expm1, 3, -1e-30, -1),
  linear(log1p, 3, -0.9, 10),
  geometric(log1p, 3, 1e-30, 1e30),
];

/** Rows of one function as one line of the README. */
export const tableRows = (): readonly string[] =>
  [...new Set(rows.map(({ name }) => name))].map((name) => {
    const own = rows.filter((row) => row.name === name);
    const ranges = own.map(({ from, to, absolute: whole }) => `${from} to ${to}${whole ? ' (of 1)' : ''}`);
    return `${name} | ${ranges.join(', ')} | ${Math.max(...own.map(({ ulps }) => ulps))}`;
  });

const count = 20_000;
const pointsOf = ({ from, to, geometric }: Range): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    return geometric ? from * (to / from) ** share : from + (to - from) * share;
  });

const smallest = 2 ** -126;
/** Distance of f32 neighbours at x. */
export const ulpAt = (x: number): number => 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), smallest))) - 23);

export type Worst = { readonly ulps: number; readonly at: number; readonly got: number; readonly expected: number };

/** The largest error of a row on a device. Without `denormals` what lies below 2^-126 may be 0. */
export const worstOf = async (device: Device, row: Row, denormals = true): Promise<Worst> => {
  const points = pointsOf(row);
  const values = await T.read(device, row.f(T.tensor(points)));
  let worst: Worst = { ulps: -1, at: Number.NaN, got: Number.NaN, expected: Number.NaN };
  points.forEach((at, i) => {
    const [got, expected] = [values[i], row.exact(at)];
    if (!denormals && Math.abs(expected) < 1.1 * smallest && Math.abs(got) < 1.1 * smallest) return;
    if (!denormals && Math.abs(at) < smallest) return;
    const error = Math.abs(got - expected) / ulpAt(row.absolute ? 1 : expected);
    const ulps = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    if (ulps > worst.ulps) worst = { ulps, at, got, expected };
  });
  return worst;
};
