/** Random programs from a seed. */
import * as T from '../../packages/tensor/src/index.ts';
import { Drawer, functionsOfMode, type Mode, Refusal } from './draw.ts';
import { extras, operations } from './operations.ts';
import {
  type DeviceKey,
  type FillKind,
  gradientForms,
  type Program,
  type Statement,
  sourcesOf,
  wraps,
} from './program.ts';
import { mix, openRandom, type Random } from './random.ts';
import { composed, truthNames } from './truth.ts';

export type GenerateOptions = {
  readonly device: DeviceKey;
  /** Only these operations; sources are made besides. */
  readonly only?: readonly string[];
};

/** Refusals by operation and text, for the eye of who writes the table. */
export const refusals = new Map<string, number>();

const rows = { ...operations, ...extras };
const names = Object.keys(rows);

const drawOne = (d: Drawer, only: readonly string[]): void => {
  const name = d.random.weighted(only.map((n) => [n, rows[n].weight * functionsOfMode[d.mode](n)] as const));
  const before = d.statements.length;
  try {
    rows[name].draw(d);
  } catch (error) {
    if (!(error instanceof Refusal)) {
      const said = `${name}: ${(error as Error).message}`;
      refusals.set(said, (refusals.get(said) ?? 0) + 1);
    }
    d.statements.length = Math.max(before, d.tensors.length);
  }
};

const drawBlock = (d: Drawer, only: readonly string[]): void => {
  const { random } = d;
  const wrap = random.pick(wraps);
  const of = Array.from({ length: random.whole(1, 3) }, () => d.of());
  const inner = new Drawer(random, d.mode, { inner: true, sizes: d.sizes, limits: d.limits });
  for (const [i, place] of of.entries()) inner.parameter(i, d.tensors[place]);
  const steps = random.whole(1, wrap === 'repeat' ? 2 : 5);
  for (let i = 0; i < steps; i++) drawOne(inner, only);
  const fits = (t: T.Tensor): boolean =>
    t.dtype === 'f32' && (wrap !== 'repeat' || T.sameShape(t.shape, d.tensors[of[0]].shape));
  const result = inner.tensors.findLastIndex((t, i) => fits(t) && i >= of.length);
  if (result < 0) return;
  const times = wrap === 'repeat' ? random.whole(2, 5) : 1;
  d.work += inner.work * times;
  d.block({ kind: 'block', wrap, times, of, body: { statements: inner.statements, result } });
};

const drawOutputs = (d: Drawer, count: number): number[] => {
  const { random } = d;
  const made = d.statements.flatMap((s, i) => (s.kind === 'source' ? [] : [i]));
  const outputs = [made[made.length - 1] ?? 0];
  for (let i = 1; i < count; i++)
    outputs.push(random.chance(0.85) && made.length > 0 ? random.pick(made) : random.whole(0, d.statements.length - 1));
  if (random.chance(0.1)) outputs.push(outputs[0]);
  return outputs;
};

const runOf = (random: Random, statements: readonly Statement[]): Program['run'] => {
  const args = sourcesOf({ statements }, 'argument');
  const form = random.weighted([
    ['jit', 6],
    ['evaluate', 1.5],
    ['read', 2],
    ['stages', 1],
  ] as const);
  return {
    form,
    hand: random.weighted([
      ['fetch', 4],
      ['tensor', 4],
      ['defer', 1],
    ] as const),
    donate: random.chance(0.4) ? args.filter(() => random.chance(0.6)) : [],
    host: args.filter(() => random.chance(0.2)),
    calls: random.weighted([
      [1, 3],
      [2, 5],
      [3, 1],
    ]),
    warm: random.chance(0.4),
    behind: random.chance(0.1),
    fresh: random.chance(0.01),
  };
};

/** Sums and gradients beside the values: scalar results of everything. */
const gradientOf = (d: Drawer): Program['gradient'] => {
  const by = d.statements.flatMap((s, i) =>
    s.kind === 'source' && s.dtype === 'f32' && s.role !== 'constant' ? [i] : [],
  );
  if (by.length === 0 || !d.random.chance(0.4)) return undefined;
  const form = d.random.weighted(gradientForms.map((f) => [f, f === 'twice' ? 0.5 : 2] as const));
  return { form, by: by.filter((_, i) => i === 0 || d.random.chance(0.7)) };
};

/** Few operations that are used again and again meet in ways that many do not. */
const paletteOf = (random: Random, all: readonly string[]): readonly string[] => {
  if (random.chance(0.4)) return all;
  const count = random.whole(2, 7);
  return Array.from({ length: count }, () => random.weighted(all.map((name) => [name, rows[name].weight] as const)));
};

const assemble = (d: Drawer, options: GenerateOptions, outputs: number, run: Partial<Program['run']> = {}): Program => {
  if (d.statements.length === 0) d.source([2]);
  const gradient = gradientOf(d);
  return {
    statements: d.statements,
    outputs: drawOutputs(d, outputs),
    ...(gradient && { gradient }),
    statics: d.statics,
    run: { ...runOf(d.random, d.statements), ...run },
    device: options.device,
  };
};

const drawSteps = (d: Drawer, steps: number, palette: readonly string[], blocks: number): void => {
  for (let i = 0; i < steps; i++) {
    if (!d.random.chance(blocks)) drawOne(d, palette);
    else {
      try {
        drawBlock(d, palette);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }
};

type Kind = (random: Random, options: GenerateOptions, all: readonly string[]) => Program;

/** A few operations of every sort. */
const ordinary: Kind = (random, options, all) => {
  const mode = random.weighted<Mode>([
    ['whole', 5],
    ['real', 5],
    ['special', 1.5],
    ['wide', 0.5],
  ]);
  const d = new Drawer(random, mode);
  drawSteps(
    d,
    random.weighted([
      [1, 1],
      [2, 3],
      [4, 5],
      [7, 4],
      [12, 2],
      [20, 1],
    ]),
    paletteOf(random, all),
    0.08,
  );
  return assemble(
    d,
    options,
    random.weighted([
      [1, 5],
      [2, 3],
      [4, 1],
    ]),
  );
};

/** Views of views of what is computed. */
const views: Kind = (random, options, all) => {
  const movement = ['slice', 'pad', 'transpose', 'reshape', 'broadcastTo', 'concat', 'sliceAxis', 'gather'].filter(
    (name) => all.includes(name),
  );
  const d = new Drawer(random, random.pick<Mode>(['whole', 'real']), { recency: random.pick([0.8, 0.97]) });
  // Crops and pads write into parts of one another.
  const crops = random.chance(0.6) ? ['slice', 'pad'].filter((name) => all.includes(name)) : [];
  const palette = crops.length > 0 ? crops : movement.length > 0 ? movement : all;
  for (let i = random.whole(1, 3); i > 0; i--) {
    drawOne(d, all);
    drawSteps(d, random.whole(1, 4), palette, 0);
  }
  if (random.chance(0.4)) drawOne(d, all);
  return assemble(
    d,
    options,
    random.weighted([
      [1, 5],
      [2, 2],
    ]),
  );
};

/** Products and convolutions, and what a kernel does with its sums before it stores them. */
const finished: Kind = (random, options, all) => {
  const contractions = ['matmul', 'matmul', 'conv2d', 'conv2dInput'].filter((name) => all.includes(name));
  const after = ['add', 'mul', 'sub', 'maximum', 'relu', 'leakyRelu', 'reshape', 'select', 'transpose', 'neg', 'sum'];
  const some = after.filter((name) => all.includes(name));
  const sizes = [1, 1, random.whole(1, 8), random.whole(2, 17)];
  const d = new Drawer(random, random.pick<Mode>(['whole', 'real']), { recency: 0.97, sizes });
  for (let i = random.whole(1, 2); i > 0; i--) {
    drawSteps(d, 1, contractions.length > 0 ? contractions : all, 0);
    drawSteps(d, random.whole(1, 4), some.length > 0 ? some : all, 0);
  }
  return assemble(
    d,
    options,
    random.weighted([
      [1, 5],
      [2, 2],
    ]),
  );
};

/** The larger or smaller of a value and its own multiple: what kernels take for a leaky line. */
const drawBent = (d: Drawer): void => {
  const x = d.source(d.shape(), 'f32', { kind: 'special', seed: d.random.seed() });
  const factor = d.random.pick([0, -0, 0.5, -2, 1e-40, Infinity]);
  const multiple = d.call('mul', [[{ ref: x }, factor]]);
  const pair = d.random.chance(0.5) ? [{ ref: x }, { ref: multiple }] : [{ ref: multiple }, { ref: x }];
  d.call(d.random.pick(['maximum', 'minimum']), [pair]);
};

/** NaN, infinities, signed zeros and denormals through what compares, selects and divides. */
const special: Kind = (random, options, all) => {
  const some = [
    'maximum',
    'minimum',
    'leakyRelu',
    'clamp',
    'relu',
    'select',
    'less',
    'equal',
    'div',
    'sub',
    'mul',
    'log',
    'sqrt',
  ];
  const others = [
    'max',
    'maxPool2d',
    'maxPool2dGrad',
    'floor',
    'cast',
    'sum',
    'logSumExp',
    'softmax',
    'sin',
    'matmul',
    'concat',
  ];
  const palette = [...some, ...others].filter((name) => all.includes(name));
  const d = new Drawer(random, 'special');
  const bent = all.includes('mul') && all.includes('maximum') && random.chance(0.4);
  if (bent) drawBent(d);
  drawSteps(d, bent ? random.whole(0, 2) : random.whole(1, 4), palette.length > 0 ? palette : all, 0);
  return assemble(d, options, random.whole(1, 2));
};

/** A product of few rows and columns over a long inner axis. */
const drawLongProduct = (d: Drawer, k: number): void => {
  const [m, n] = [d.random.whole(1, 2), d.random.whole(1, 2)];
  const [a, b] = [d.source([m, k], 'f32', undefined, 'argument'), d.source([n, k], 'f32', undefined, 'argument')];
  d.call('matmul', [[{ ref: a }, { ref: b }, { options: { transposeB: true } }]]);
};

/** Axes of ten thousands of elements beside short ones. */
const long: Kind = (random, options, all) => {
  const some = [
    'matmul',
    'sum',
    'max',
    'mean',
    'moments',
    'softmax',
    'transpose',
    'reshape',
    'add',
    'mul',
    'slice',
    'pad',
    'gather',
    'scatterAdd',
    'conv2d',
    'conv2dFilter',
    'conv2dInput',
    'concat',
    'relu',
  ];
  const palette = some.filter((name) => all.includes(name));
  const length = random.pick([4099, 40000, 60000, 100003, 120001]);
  const sizes = [1, 1, random.whole(1, 3), length, length];
  const d = new Drawer(random, random.pick<Mode>(['whole', 'real']), {
    sizes,
    limits: { elements: 130_000, work: 2_000_000 },
  });
  if (all.includes('matmul') && random.chance(0.3)) drawLongProduct(d, Math.min(length, 60_000));
  const folds = ['matmul', 'sum', 'conv2d', 'moments'].filter((name) => all.includes(name));
  if (folds.length > 0 && d.statements.length === 0 && random.chance(0.6)) drawSteps(d, 1, folds, 0);
  drawSteps(d, random.whole(0, 3), palette.length > 0 ? palette : all, 0);
  return assemble(d, options, 1, {
    fresh: random.chance(0.7),
    warm: random.chance(0.2),
    behind: random.chance(0.6),
    calls: random.whole(1, 2),
  });
};

/** As many steps as a loop that is written out has. */
const deep: Kind = (random, options, all) => {
  const steady = [
    'sin',
    'cos',
    'neg',
    'abs',
    'atan',
    'relu',
    'add',
    'mul',
    'maximum',
    'floor',
    'transpose',
    'sub',
    'stopGradient',
    'sqrt',
  ];
  const palette = steady.filter((name) => all.includes(name));
  const d = new Drawer(random, 'real', { sizes: [1, 2, 3], limits: { elements: 32, work: 1000 } });
  const first = d.source(d.shape(random.whole(0, 2)));
  const inner = new Drawer(random, 'real', { inner: true, sizes: [1, 2, 3], limits: d.limits });
  inner.parameter(0, d.tensors[first]);
  drawSteps(inner, random.whole(1, 2), palette.length > 0 ? palette : all, 0);
  const fits = (t: T.Tensor): boolean => t.dtype === 'f32' && T.sameShape(t.shape, d.tensors[first].shape);
  const result = inner.tensors.findLastIndex(fits);
  const nodes = random.pick([300, 1000, 2000, 3000, 3000]);
  const calls = inner.statements.filter((s) => s.kind === 'call').length;
  d.block({
    kind: 'block',
    wrap: 'repeat',
    times: Math.ceil(nodes / Math.max(1, calls)),
    of: [first],
    body: { statements: inner.statements, result },
  });
  const program = assemble(d, options, 1, { calls: 1 });
  // A gradient has several steps for each.
  const shorter = program.statements.map((s) =>
    s.kind === 'block' && program.gradient ? { ...s, times: Math.min(s.times, 700) } : s,
  );
  const { gradient } = program;
  const once = gradient?.form === 'twice' ? { ...gradient, form: 'grad' as const } : gradient;
  return { ...program, statements: shorter, ...(once && { gradient: once }) };
};

/** One function, near 0, in the tails and between, against what it is in double precision. */
const precise: Kind = (random, options, all) => {
  const known = truthNames.filter((name) => all.includes(name));
  if (known.length === 0) return ordinary(random, options, all);
  const truth = random.weighted(known.map((name) => [name, composed.has(name) ? 3 : 1] as const));
  const kind = random.pick<FillKind>(['small', 'small', 'tails', 'real', 'wide', 'eighths']);
  const source: Statement = {
    kind: 'source',
    role: 'argument',
    dtype: 'f32',
    shape: [random.whole(1, 5), random.whole(1, 40)],
    fill: { kind, seed: random.seed() },
  };
  const statements: Statement[] = [source, { kind: 'call', f: truth, args: [[{ ref: 0 }]] }];
  return {
    statements,
    outputs: [1],
    statics: [],
    run: { ...runOf(random, statements), donate: [] },
    device: options.device,
    truth,
  };
};

const kinds: readonly (readonly [Kind, number])[] = [
  [ordinary, 50],
  [special, 9],
  [views, 18],
  [finished, 13],
  [precise, 10],
  [long, 4],
  [deep, 2],
];

/** Program number `index` of a seed. */
export const generate = (seed: number, index: number, options: GenerateOptions): Program => {
  const random = openRandom(mix(seed, index));
  return random.weighted(kinds)(random, options, options.only ?? names);
};
