/** Random programs from a seed. */
import * as T from '../../packages/tensor/src/index.ts';
import { Drawer, functionsOfMode, type Mode, Refusal } from './draw.ts';
import { operations } from './operations.ts';
import { type DeviceKey, gradientForms, type Program, type Statement, sourcesOf, wraps } from './program.ts';
import { mix, openRandom, type Random } from './random.ts';

export type GenerateOptions = {
  readonly device: DeviceKey;
  /** Only these operations; sources are made besides. */
  readonly only?: readonly string[];
};

/** Refusals by operation and text, for the eye of who writes the table. */
export const refusals = new Map<string, number>();

const names = Object.keys(operations);

const drawOne = (d: Drawer, only: readonly string[]): void => {
  const name = d.random.weighted(only.map((n) => [n, operations[n].weight * functionsOfMode[d.mode](n)] as const));
  const before = d.statements.length;
  try {
    operations[name].draw(d);
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
  const inner = new Drawer(random, d.mode, true, d.sizes, d.limits);
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
    warm: random.chance(0.6),
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
  return Array.from({ length: count }, () =>
    random.weighted(all.map((name) => [name, operations[name].weight] as const)),
  );
};

const ordinary = (random: Random, options: GenerateOptions): Program => {
  const mode = random.weighted<Mode>([
    ['whole', 5],
    ['real', 5],
    ['special', 1.5],
    ['wide', 0.5],
  ]);
  const d = new Drawer(random, mode);
  const only = paletteOf(random, options.only ?? names);
  const steps = random.weighted([
    [1, 1],
    [2, 3],
    [4, 5],
    [7, 4],
    [12, 2],
    [20, 1],
  ]);
  for (let i = 0; i < steps; i++) {
    if (random.chance(0.08)) {
      try {
        drawBlock(d, only);
      } catch (error) {
        if (!(error instanceof Refusal)) refusals.set(`block: ${(error as Error).message}`, 1);
      }
    } else drawOne(d, only);
  }
  if (d.statements.length === 0) d.source([2]);
  return {
    statements: d.statements,
    outputs: drawOutputs(
      d,
      random.weighted([
        [1, 5],
        [2, 3],
        [4, 1],
      ]),
    ),
    ...((g) => g && { gradient: g })(gradientOf(d)),
    statics: d.statics,
    run: runOf(random, d.statements),
    device: options.device,
  };
};

/** Program number `index` of a seed. */
export const generate = (seed: number, index: number, options: GenerateOptions): Program =>
  ordinary(openRandom(mix(seed, index)), options);
