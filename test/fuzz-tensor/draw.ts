/** What the table of operations draws from: values at hand, new sources, shapes, numbers. */

import type { DType, Shape, Tensor } from '../../packages/tensor/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import { type Arg, buildValues, type Fill, type FillKind, functions, type Role, type Statement } from './program.ts';
import type { Random } from './random.ts';

/** Which values sources have: whole numbers give results that every device must give to the bit. */
export type Mode = 'whole' | 'real' | 'special' | 'wide';

export const fillsOf: { readonly [M in Mode]: readonly (readonly [FillKind, number])[] } = {
  whole: [
    ['whole', 6],
    ['few', 4],
    ['eighths', 2],
    ['count', 1],
    ['zeros', 1],
    ['ones', 1],
  ],
  real: [
    ['real', 8],
    ['positive', 3],
    ['eighths', 2],
    ['few', 2],
    ['small', 1],
  ],
  special: [
    ['special', 5],
    ['real', 3],
    ['few', 2],
    ['wide', 1],
  ],
  wide: [
    ['wide', 4],
    ['real', 3],
    ['positive', 2],
    ['small', 2],
  ],
};
export const functionsOfMode: { readonly [M in Mode]: (name: string) => number } = {
  whole: (name) =>
    [
      'exp',
      'log',
      'sqrt',
      'sin',
      'cos',
      'atan',
      'div',
      'sigmoid',
      'tanh',
      'softmax',
      'logSoftmax',
      'moments',
      'mean',
      'normal',
    ].includes(name)
      ? 0.1
      : 1,
  real: () => 1,
  special: (name) => (['conv2d', 'conv2dInput', 'conv2dFilter'].includes(name) ? 0.1 : 1),
  wide: () => 1,
};

/** Lengths of axes; a program has few distinct ones, so that shapes meet. */
const lengths: readonly (readonly [number, number])[] = [
  [0, 2],
  [1, 14],
  [2, 12],
  [3, 12],
  [4, 6],
  [5, 6],
  [7, 5],
  [8, 3],
  [13, 3],
  [16, 3],
  [17, 3],
  [33, 2],
  [64, 2],
  [67, 1],
  [129, 1],
];

/** Elements of one value, and multiplications of one contraction, at most. */
export type Limits = { readonly elements: number; readonly work: number };
const ordinary: Limits = { elements: 6000, work: 400_000 };

export class Refusal extends Error {}

type Settings = {
  readonly inner?: boolean;
  readonly sizes?: readonly number[];
  readonly limits?: Limits;
  readonly recency?: number;
};

export class Drawer {
  readonly statements: Statement[] = [];
  readonly tensors: Tensor[] = [];
  readonly random: Random;
  readonly mode: Mode;
  readonly limits: Limits;
  readonly sizes: readonly number[];
  /** Whether new sources may be arguments and captured tensors: not so inside of a block. */
  readonly inner: boolean;
  /** Static arguments, by call. */
  readonly statics: (number | string)[][] = [];
  /** How often the latest value that fits is taken: long chains, or bushes. */
  readonly recency: number;
  work = 0;
  /** Calls that threw when they were built. */
  refused: string[] = [];

  constructor(random: Random, mode: Mode, settings: Settings = {}) {
    this.random = random;
    this.mode = mode;
    this.inner = settings.inner ?? false;
    this.limits = settings.limits ?? ordinary;
    this.sizes = settings.sizes ?? Array.from({ length: random.whole(2, 5) }, () => random.weighted(lengths));
    this.recency = settings.recency ?? random.pick([0.2, 0.5, 0.8, 0.97]);
  }

  length(): number {
    return this.random.chance(0.25) ? this.random.weighted(lengths) : this.random.pick(this.sizes);
  }

  positiveLength(): number {
    return Math.max(1, this.length());
  }

  shape(
    rank = this.random.weighted([
      [0, 1],
      [1, 4],
      [2, 6],
      [3, 4],
      [4, 3],
      [5, 1],
    ]),
  ): Shape {
    const dims = Array.from({ length: rank }, () => this.length());
    while (T.sizeOf(dims) > this.limits.elements) {
      dims[dims.indexOf(Math.max(...dims))] = this.random.whole(1, 3);
    }
    return dims;
  }

  /** Adds a statement whose value is known. */
  private add(statement: Statement, value: Tensor): number {
    this.statements.push(statement);
    this.tensors.push(value);
    return this.statements.length - 1;
  }

  role(): Role {
    return this.inner
      ? 'constant'
      : this.random.weighted([
          ['argument', 6],
          ['captured', 2],
          ['constant', 2],
        ]);
  }

  source(shape: Shape, dtype: DType = 'f32', fill?: Fill, role = this.role()): number {
    if (T.sizeOf(shape) > this.limits.elements) throw new Refusal('too large');
    const integers: readonly (readonly [FillKind, number])[] = [
      ['whole', 5],
      ['few', 2],
      ['big', 2],
      ['count', 1],
    ];
    const kind = this.random.weighted<FillKind>(dtype === 'f32' ? fillsOf[this.mode] : integers);
    const chosen: Fill = fill ?? { kind, seed: this.random.seed() };
    return this.add(
      { kind: 'source', role, shape, dtype, fill: chosen },
      T.input(1e6 + this.statements.length, shape, dtype),
    );
  }

  parameter(index: number, like: Tensor): number {
    return this.add({ kind: 'parameter', index }, T.input(2e6 + index, like.shape, like.dtype));
  }

  /** A value that fits, later ones rather than earlier; else one that is made. */
  find(fits: (t: Tensor) => boolean, make: () => number): number {
    const places = this.tensors.flatMap((t, i) => (fits(t) ? [i] : []));
    if (places.length === 0 || this.random.chance(0.12)) return make();
    return this.random.chance(this.recency) ? places[places.length - 1] : this.random.pick(places);
  }

  of(dtype: DType = 'f32', fits: (t: Tensor) => boolean = () => true): number {
    return this.find(
      (t) => t.dtype === dtype && fits(t),
      () => this.source(this.shape(), dtype),
    );
  }

  any(fits: (t: Tensor) => boolean = () => true): number {
    return this.find(fits, () =>
      this.source(
        this.shape(),
        this.random.weighted([
          ['f32', 8],
          ['i32', 2],
          ['u32', 1],
        ]),
      ),
    );
  }

  ofRank(rank: number, dtype: DType = 'f32', least = 1): number {
    const fits = (t: Tensor): boolean => t.shape.length === rank && t.shape.every((d) => d >= least);
    return this.find(
      (t) => t.dtype === dtype && fits(t),
      () => {
        const place = this.of(dtype, (t) => T.sizeOf(t.shape) >= least && t.shape.length !== rank);
        const size = T.sizeOf(this.tensors[place].shape);
        if (size > 0 && this.random.chance(0.5))
          return this.call('reshape', [[this.factors(size, rank)], [{ ref: place }]]);
        return this.source(
          this.shape(rank).map((d) => Math.max(least, d)),
          dtype,
        );
      },
    );
  }

  /** A shape of so many values. */
  factors(size: number, rank: number): number[] {
    const dims = new Array<number>(rank).fill(1);
    let left = size;
    for (let p = 2; left > 1 && rank > 0; p++) {
      if (p * p > left) p = left;
      while (left % p === 0) {
        dims[this.random.whole(0, rank - 1)] *= p;
        left /= p;
      }
    }
    return dims;
  }

  /** One whose shape stretches to the given one, or to which that stretches; another value than `beside`. */
  stretching(shape: Shape, dtype: DType, beside?: number): number {
    return this.find(
      (t) => t.dtype === dtype && stretches(t.shape, shape) && (beside === undefined || t !== this.tensors[beside]),
      () => {
        const dims = shape.map((d) => (this.random.chance(0.25) ? 1 : d));
        return this.source(this.random.chance(0.3) ? dims.slice(this.random.whole(0, dims.length)) : dims, dtype);
      },
    );
  }

  exactly(shape: Shape, dtype: DType = 'f32'): number {
    return this.find(
      (t) => t.dtype === dtype && T.sameShape(t.shape, shape),
      () => this.source(shape, dtype),
    );
  }

  number(): number {
    if (this.mode === 'special' && this.random.chance(0.3)) {
      return this.random.pick([Infinity, -Infinity, Number.NaN, 0, -0, 1e-40, 3e38]);
    }
    if (this.mode === 'whole') return this.random.pick([0, 1, -1, 2, 3, -2, 0.5, -0.25, 10]);
    return this.random.pick([0, 1, -1, 2, 0.5, -0.25, 0.1, -1.7, 3.3, 1e-5, 100]);
  }

  /** A number, or a static argument that is another one in each call. */
  scalar(calls = 3): Arg {
    if (this.inner || !this.random.chance(0.15)) return this.number();
    // Values that texts of numbers confuse, one call after another.
    if (this.random.chance(0.3)) {
      const alike = this.random.pick([
        [Infinity, -Infinity, Number.NaN],
        [0, -0],
      ]);
      return this.fixed(() => this.random.pick(alike), calls);
    }
    return this.fixed(() => this.number(), calls);
  }

  fixed(value: () => number | string, calls = 3): Arg {
    for (let call = 0; call < calls; call++) {
      this.statics[call] ??= [];
      this.statics[call].push(value());
    }
    return { fixed: this.statics[0].length - 1 };
  }

  spend(work: number): void {
    this.work += work;
    if (work > this.limits.work || this.work > 4 * this.limits.work) throw new Refusal('too much work');
  }

  /** Adds a call and gives its place. */
  call(f: string | { readonly fixed: number }, args: readonly (readonly Arg[])[], at?: number): number {
    const statement: Statement = { kind: 'call', f, args, ...(at !== undefined && { at }) };
    return this.add(statement, this.build(statement));
  }

  block(statement: Statement & { readonly kind: 'block' }): number {
    return this.add(statement, this.build(statement));
  }

  /** The value of a statement on those that stand before it. */
  private build(statement: Statement): Tensor {
    const before = this.tensors;
    const known: Statement[] = before.map((t, i) => ({
      kind: 'source',
      role: 'captured',
      shape: t.shape,
      dtype: t.dtype,
      fill: { kind: 'zeros', seed: i },
    }));
    const values = buildValues([...known, statement], {
      source: (place) => before[place],
      statics: (this.statics[0] ?? []).map((x) => (typeof x === 'string' ? functions[x] : x)),
    });
    const value = values[values.length - 1];
    if (T.sizeOf(value.shape) > this.limits.elements) throw new Refusal('too large');
    return value;
  }
}

/** Whether two shapes meet by NumPy's rule. */
export const stretches = (a: Shape, b: Shape): boolean => {
  const [p, q] = [a.toReversed(), b.toReversed()];
  return p.every((d, i) => q[i] === undefined || d === q[i] || d === 1 || q[i] === 1);
};
