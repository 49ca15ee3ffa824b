/** A program of tensors as plain data, and what turns it into expressions. */
import * as nn from '../../packages/nn/src/index.ts';
import type { DType, HostArray, Shape, Tensor } from '../../packages/tensor/src/index.ts';
import * as tensors from '../../packages/tensor/src/index.ts';
import { mix, openRandom } from './random.ts';
import type { TruthName } from './truth.ts';

/** How the values of a source are made. */
export type Fill =
  | { readonly kind: FillKind; readonly seed: number }
  | { readonly kind: 'index'; readonly seed: number; readonly size: number }
  | { readonly kind: 'list'; readonly values: readonly number[] };
export type FillKind = keyof typeof fills;

/** What stands as an argument of a call. */
export type Arg =
  | number
  | boolean
  | string
  | readonly Arg[]
  /** A value of the same body, by its place. */
  | { readonly ref: number }
  /** A static argument of the jitted function, by its place. */
  | { readonly fixed: number }
  | { readonly options: { readonly [name: string]: Arg } };

export type Role = 'argument' | 'captured' | 'constant';

export type Statement =
  | { readonly kind: 'source'; readonly role: Role; readonly shape: Shape; readonly dtype: DType; readonly fill: Fill }
  /** Argument `index` of the block. */
  | { readonly kind: 'parameter'; readonly index: number }
  /** A function of a package given one list of arguments after another; `at` takes an element of the result. */
  | {
      readonly kind: 'call';
      readonly f: string | { readonly fixed: number };
      readonly args: readonly (readonly Arg[])[];
      readonly at?: number;
    }
  /** A function of its own, given to a transform and called; `repeat` calls it again on what it gives. */
  | {
      readonly kind: 'block';
      readonly wrap: Wrap;
      readonly times: number;
      readonly of: readonly number[];
      readonly body: Body;
    };

export const wraps = ['checkpoint', 'customVjp', 'inScope', 'repeat'] as const;
export type Wrap = (typeof wraps)[number];
export type Body = { readonly statements: readonly Statement[]; readonly result: number };

export const gradientForms = ['grad', 'valueAndGrad', 'vjp', 'twice'] as const;
export type GradientForm = (typeof gradientForms)[number];
export const runForms = ['jit', 'stages', 'evaluate', 'read'] as const;
export type RunForm = (typeof runForms)[number];
export const hands = ['tensor', 'fetch', 'defer'] as const;

export type RunOptions = {
  readonly form: RunForm;
  /** How results are handed out. */
  readonly hand: (typeof hands)[number];
  /** Sources of the role argument that are given away. */
  readonly donate: readonly number[];
  /** Sources of the role argument that are given as host arrays. */
  readonly host: readonly number[];
  readonly calls: number;
  /** The device's memory is filled with NaN and given back first. */
  readonly warm: boolean;
  /** What is free lies before the arguments: they are the last in the memory. */
  readonly behind: boolean;
  /** The device is opened for this program. */
  readonly fresh: boolean;
};

export type DeviceKey = { readonly name: 'reference' | 'wasm' | 'webgpu'; readonly threads: number };

export type Program = {
  readonly statements: readonly Statement[];
  readonly outputs: readonly number[];
  readonly gradient?: { readonly form: GradientForm; readonly by: readonly number[] };
  /** Static arguments of each call: numbers, or names of functions. */
  readonly statics: readonly (readonly (number | string)[])[];
  readonly run: RunOptions;
  readonly device: DeviceKey;
  /** The one output is this function of the one source, and is judged by the function itself, not by the reference. */
  readonly truth?: TruthName;
};

/** What is printed is a result of the plan, whoever listens. */
const unheard = (): void => {};

/** Everything that a call may name. */
export const functions: { readonly [name: string]: unknown } = {
  ...(tensors as unknown as Record<string, unknown>),
  stopGradient: nn.stopGradient,
  print: (label: string) => tensors.print(label, { to: unheard }),
};

const specials = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  -1e-40,
  3e38,
  -3e38,
  88,
  -88,
  104,
  -104,
  0.5,
  1e-6,
  -1e-6,
  2.5,
  -2.5,
];

/** From a number in [0, 1), another, and the place of the element to its value. */
const fills = {
  zeros: () => 0,
  ones: () => 1,
  count: (_p: number, _q: number, i: number) => (i % 4093) + 1,
  whole: (p: number) => Math.floor(p * 9) - 4,
  few: (p: number) => Math.floor(p * 3) - 1,
  eighths: (p: number) => (Math.floor(p * 65) - 32) / 8,
  real: (p: number) => p * 4 - 2,
  positive: (p: number) => 0.5 + 1.5 * p,
  wide: (p: number, q: number) => (q < 0.5 ? -1 : 1) * 10 ** (p * 40 - 20),
  small: (p: number, q: number) => (q < 0.5 ? -1 : 1) * 10 ** (p * 8 - 8),
  tails: (p: number) => p * 240 - 120,
  big: (p: number) => Math.floor((p - 0.5) * 2 ** 32),
  special: (p: number) => specials[Math.floor(p * specials.length)],
} as const;

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/** Values of a source in call number `call`. */
export const dataOf = (shape: Shape, dtype: DType, fill: Fill, call = 0): HostArray => {
  const data = new arrays[dtype](tensors.sizeOf(shape));
  if (fill.kind === 'list') {
    for (let i = 0; i < data.length; i++) data[i] = fill.values[i % fill.values.length] ?? 0;
    return data;
  }
  const { next } = openRandom(mix(fill.seed, call));
  for (let i = 0; i < data.length; i++) {
    data[i] = fill.kind === 'index' ? Math.floor(next() * (fill.size + 2)) - 1 : fills[fill.kind](next(), next(), i);
  }
  return data;
};

/** What the arguments, captured tensors and static arguments of a program stand for in one trace. */
export type Surroundings = {
  readonly source: (place: number, statement: Statement & { kind: 'source' }) => Tensor;
  readonly statics: readonly unknown[];
};

type Callable = (...args: readonly unknown[]) => unknown;

const resolve = (arg: Arg, values: readonly Tensor[], statics: readonly unknown[]): unknown => {
  if (typeof arg !== 'object') return arg;
  if (Array.isArray(arg)) return arg.map((a) => resolve(a, values, statics));
  if ('ref' in arg) return values[arg.ref as number];
  if ('fixed' in arg) return statics[arg.fixed as number];
  const { options } = arg as { readonly options: { readonly [name: string]: Arg } };
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, resolve(value, values, statics)]));
};

type Scene = {
  readonly values: readonly Tensor[];
  readonly parameters: readonly Tensor[];
  readonly around: Surroundings;
};
type Builders = {
  readonly [K in Statement['kind']]: (s: Statement & { readonly kind: K }, place: number, scene: Scene) => Tensor;
};

/** How a transform calls the body of a block. */
const wrappers: {
  readonly [K in Wrap]: (body: (...xs: Tensor[]) => Tensor, times: number, xs: readonly Tensor[]) => Tensor;
} = {
  checkpoint: (body, _, xs) => nn.checkpoint(body)(...xs),
  customVjp: (body, _, xs) =>
    nn.customVjp(body, (dy: Tensor, args: Tensor[]) => nn.vjp(body, ...args).pullback(dy))(...xs),
  inScope: (body, _, xs) => tensors.inScope('block', () => body(...xs)),
  repeat: (body, times, [first, ...others]) => {
    let x = first;
    for (let i = 0; i < times; i++) x = body(x, ...others);
    return x;
  },
};

const builders: Builders = {
  source: (s, place, { around }) =>
    s.role === 'constant' ? tensors.tensor(dataOf(s.shape, s.dtype, s.fill), s.shape) : around.source(place, s),
  parameter: (s, _, { parameters }) => parameters[s.index],
  call: (s, _, { values, around }) => {
    let f = (typeof s.f === 'string' ? functions[s.f] : around.statics[s.f.fixed]) as unknown;
    for (const args of s.args) f = (f as Callable)(...args.map((a) => resolve(a, values, around.statics)));
    return (s.at === undefined ? f : (f as readonly unknown[])[s.at]) as Tensor;
  },
  block: (s, _, { values, around }) =>
    wrappers[s.wrap](
      (...xs) => buildBody(s.body.statements, xs, around)[s.body.result],
      s.times,
      s.of.map((i) => values[i]),
    ),
};

const buildBody = (statements: readonly Statement[], parameters: readonly Tensor[], around: Surroundings): Tensor[] => {
  const values: Tensor[] = [];
  for (const [place, s] of statements.entries()) {
    values.push((builders[s.kind] as Builders[typeof s.kind])(s as never, place, { values, parameters, around }));
  }
  return values;
};

/** The value of every statement; those inside of blocks have none of their own. */
export const buildValues = (statements: readonly Statement[], around: Surroundings): readonly Tensor[] =>
  buildBody(statements, [], around);

/** The cotangent of result `i`. */
export const cotangentData = (shape: Shape, i: number): HostArray =>
  dataOf(shape, 'f32', { kind: 'eighths', seed: i + 1 });
const cotangentOf = (t: Tensor, i: number): Tensor => tensors.tensor(cotangentData(t.shape, i), t.shape);

/** What a call gives: the outputs, or with a gradient the value and the gradients by some sources. */
export const buildResults = (program: Program, around: Surroundings): readonly Tensor[] => {
  const { statements, outputs, gradient } = program;
  if (gradient === undefined) {
    const values = buildValues(statements, around);
    return outputs.map((i) => values[i]);
  }
  const { by, form } = gradient;
  const given = by.map((place) => around.source(place, statements[place] as Statement & { kind: 'source' }));
  const evaluateAt = (chosen: readonly Tensor[]): Tensor[] => {
    const values = buildValues(statements, {
      ...around,
      source: (place, s) => (by.includes(place) ? chosen[by.indexOf(place)] : around.source(place, s)),
    });
    return outputs.map((i) => values[i]).filter((t) => t.dtype === 'f32');
  };
  const objective = (...chosen: Tensor[]): Tensor =>
    evaluateAt(chosen)
      .map((t, i) => tensors.sum()(i % 2 === 0 ? t : tensors.mul(t, 0.5)))
      .reduce((a, b) => tensors.add(a, b), tensors.scalar(0));
  const argnums = by.map((_, i) => i);
  return gradients[form]({ objective, given, argnums, evaluateAt });
};

type Differentiation = {
  readonly objective: (...chosen: Tensor[]) => Tensor;
  readonly given: readonly Tensor[];
  readonly argnums: readonly number[];
  readonly evaluateAt: (chosen: readonly Tensor[]) => Tensor[];
};

const gradients: { readonly [F in GradientForm]: (d: Differentiation) => readonly Tensor[] } = {
  grad: ({ objective, given, argnums }) => nn.grad(objective, { argnums })(...given),
  valueAndGrad: ({ objective, given, argnums }) => {
    const [value, gradient] = nn.valueAndGrad(objective, { argnums })(...given);
    return [value, ...gradient];
  },
  vjp: ({ given, evaluateAt }) => {
    const { value, pullback } = nn.vjp((...chosen: Tensor[]) => evaluateAt(chosen), ...given);
    return [...value, ...pullback(value.map(cotangentOf))];
  },
  twice: ({ objective, given, argnums }) => {
    const first = (...chosen: Tensor[]): Tensor =>
      nn
        .grad(objective, { argnums })(...chosen)
        .map((t, i) => tensors.sum()(tensors.mul(t, cotangentOf(t, i))))
        .reduce((a, b) => tensors.add(a, b), tensors.scalar(0));
    return nn.grad(first, { argnums })(...given);
  },
};

/** Places of the sources of a role, in order: the arguments of the jitted function are those of the role argument. */
export const sourcesOf = (program: Pick<Program, 'statements'>, role: Role): readonly number[] =>
  program.statements.flatMap((s, i) => (s.kind === 'source' && s.role === role ? [i] : []));

/** Static arguments of a call, functions by their names. */
export const staticsOf = (program: Program, call: number): readonly unknown[] =>
  (program.statics[call] ?? []).map((x) => (typeof x === 'string' ? functions[x] : x));
