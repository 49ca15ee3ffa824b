/** What lowering a program produces, and the helpers with which each kind of step adds its launches. */
import { type Expression, noValue, type Program, type ValueId } from '../plan/program.ts';
import { collapse, dense } from '../plan/view.ts';
import { type DType, type Shape, sizeOf, stridesOf } from '../shape.ts';
import type { ConvPlan } from './blocks.ts';
import { ModuleWriter } from './emitter.ts';
import { gemmFunction, narrowed, type Tile } from './gemm.ts';
import type { HostStep } from './host.ts';
import { type Kernel, mapKernel, reduceKernel } from './map.ts';

/** A word of a kernel's parameters: an address that is known when the program runs. */
export type Word =
  /** A value's, and bytes beyond it. */
  | { readonly value: ValueId; readonly offset: number }
  /** A temporary's, forgotten after the run. */
  | { readonly temporary: number }
  /** Memory of the plan's own, that lasts. */
  | { readonly kept: number }
  | { readonly scratch: true };

export type Launch =
  | {
      readonly kind: 'kernel';
      /** Index in the module. */
      readonly index: number;
      readonly words: readonly Word[];
      readonly items: number;
      /** Not worth waking the other threads for. */
      readonly alone: boolean;
      /** Its operands never change: the first run does it for all. */
      readonly once: boolean;
      /** Index of the step in the program. */
      readonly step: number;
    }
  | { readonly kind: 'host'; readonly run: HostStep; readonly step: number };

export type Lowered = {
  readonly module: ModuleWriter;
  readonly launches: readonly Launch[];
  /** Floats of each temporary, and the step that needs it; and floats of each block that lasts. */
  readonly temporaries: readonly { readonly floats: number; readonly step: number }[];
  readonly kept: readonly number[];
  /** Floats of scratch for each thread. */
  readonly perThread: number;
  /** Floats that a kernel may read beyond the end of a value: rows and columns that a tile has and a matrix lacks. */
  readonly beyond: number;
};

/** Arithmetic below which one thread is faster than two. */
const worthSharing = 20_000;

export const at = (value: ValueId): Word => ({ value, offset: 0 });

export const load = (strides: readonly number[], dtype: DType = 'f32'): Expression => ({
  loads: [{ value: noValue, offset: 0, strides }],
  code: [{ kind: 'load', load: 0, dtype }],
});

export const loadsOf = (e: Expression | undefined): Word[] =>
  (e?.loads ?? []).map(({ value, offset }) => ({ value, offset: offset * 4 }));

/** The epilogue over (row, column) with steps of 0 or 1 along the columns, or undefined where it does not reduce to that. */
const flatten = (shape: Shape, epilogue: Expression): Expression | undefined => {
  const last = shape.length - 1;
  const flat = collapse(shape, epilogue.loads, new Set([last]));
  if (flat.shape.length > 2 || epilogue.code.some((line) => line.kind === 'position')) return undefined;
  const loads = flat.walks.map(({ offset, strides: [row, column] }, i) => ({
    value: epilogue.loads[i].value,
    offset,
    strides: column === undefined ? [0, row ?? 0] : [row, column],
  }));
  return loads.every(({ strides: [, step] }) => step === 0 || step === 1) ? { code: epilogue.code, loads } : undefined;
};

/** What a kernel can finish itself, and what remains as a map over its result. */
export const finishing = (shape: Shape, epilogue: Expression | undefined): { own?: Expression; rest?: Expression } => {
  const own = epilogue && flatten(shape, epilogue);
  return own ? { own } : { rest: epilogue };
};

export class Lowering {
  readonly program: Program;
  readonly tile: Tile;
  /** For an even share of the work; results do not depend on it. */
  readonly threads: number;
  readonly module = new ModuleWriter();
  private readonly launches: Launch[] = [];
  private readonly temporaries: { readonly floats: number; readonly step: number }[] = [];
  private readonly kept: number[] = [];
  private perThread = 0;
  private beyond = 0;
  private step = 0;
  private readonly products = new Map<Tile, number>();
  private readonly narrow: Tile;

  constructor(program: Program, tile: Tile, threads: number) {
    this.program = program;
    this.tile = tile;
    this.narrow = narrowed(tile);
    this.threads = threads;
  }

  /** What follows belongs to this step. */
  begin(step: number): void {
    this.step = step;
  }

  shapeOf(id: ValueId): Shape {
    return this.program.values[id].shape;
  }

  temporary(floats: number): Word {
    return { temporary: this.temporaries.push({ floats, step: this.step }) - 1 };
  }

  /** Whether a source never changes. */
  lasts(source: Word): boolean {
    const place = 'value' in source ? this.program.values[source.value].place.kind : 'temporary';
    return place === 'constant' || place === 'stored' || 'kept' in source;
  }

  /** Memory for what is made of `source`: it lasts where the source never changes. */
  madeOf(source: Word, floats: number): { readonly word: Word; readonly once: boolean } {
    const once = this.lasts(source);
    return { word: once ? { kept: this.kept.push(floats) - 1 } : this.temporary(floats), once };
  }

  /** The tile for products with so many columns. */
  tileFor(columns: number): Tile {
    return columns <= this.narrow.columns ? this.narrow : this.tile;
  }

  /** The matrix kernel of a tile. */
  gemm(tile: Tile): number {
    const known = this.products.get(tile) ?? this.module.add(gemmFunction(tile));
    this.products.set(tile, known);
    return known;
  }

  push({ f, items }: Kernel, words: readonly Word[], work: number, once = false): void {
    if (items <= 0) return;
    const index = this.module.add(f);
    this.launches.push({ kind: 'kernel', index, words, items, alone: work < worthSharing, once, step: this.step });
  }

  host(run: HostStep): void {
    this.launches.push({ kind: 'host', run, step: this.step });
  }

  /** Makes room for the kernel's scratch. */
  scratched(plan: ConvPlan): Kernel {
    this.perThread = Math.max(this.perThread, plan.perThread);
    return plan.kernel;
  }

  /** What follows may read so many floats beyond its operands. */
  readBeyond(floats: number): void {
    this.beyond = Math.max(this.beyond, floats);
  }

  map(shape: Shape, e: Expression, words: readonly Word[], out: readonly number[], once = false): void {
    this.push(mapKernel(shape, e, out), words, sizeOf(shape) * e.code.length, once);
  }

  reduce(
    shape: Shape,
    axes: readonly number[],
    fold: 'sum' | 'max',
    e: Expression,
    words: readonly Word[],
    out: Word,
    dtype: DType,
  ): void {
    const { kernel, pieces, partials } = reduceKernel(shape, axes, fold, e, dtype);
    const work = sizeOf(shape) * e.code.length;
    if (pieces === 1) {
      this.push(kernel, [...words, out], work);
      return;
    }
    const partial = this.temporary(partials);
    this.push(kernel, [...words, partial], work);
    const width = axes.includes(shape.length - 1) ? 1 : shape[shape.length - 1];
    const folded = [partials / pieces / width, pieces, width];
    this.reduce(folded, [1], fold, load(stridesOf(folded), dtype), [partial], out, dtype);
  }

  /** The part of an epilogue that the kernel could not do, over the kernel's result. */
  finishLater(out: ValueId, rest: Expression | undefined): void {
    if (!rest) return;
    const shape = this.shapeOf(out);
    const e: Expression = {
      loads: [...rest.loads, { value: out, ...dense(shape) }],
      code: rest.code.map((line) =>
        line.kind === 'accumulator' ? { kind: 'load', load: rest.loads.length, dtype: 'f32' } : line,
      ),
    };
    this.map(shape, e, [...loadsOf(e), at(out)], stridesOf(shape));
  }

  done(): Lowered {
    const { module, launches, temporaries, kept, perThread, beyond } = this;
    return { module, launches, temporaries, kept, perThread, beyond };
  }
}
