/** From the steps of a program to launches of kernels: which functions, over how many items, with which addresses. */
import type { Expression, Program, Step, ValueId } from '../plan/program.ts';
import { collapse, dense } from '../plan/view.ts';
import { type DType, type Shape, sizeOf, stridesOf } from '../shape.ts';
import { type ConvPlan, combineKernel, convKernel, filterKernel, scatterKernel } from './convolution.ts';
import {
  depthwiseFilterKernel,
  depthwiseInputKernel,
  depthwiseKernel,
  maxPoolGradKernel,
  maxPoolKernel,
} from './depthwise.ts';
import { ModuleWriter } from './emitter.ts';
import { gemmFunction, type Tile } from './gemm.ts';
import { type HostStep, hostStep } from './host.ts';
import { type Kernel, mapKernel, reduceKernel } from './map.ts';
import { type FilterOrder, type Geometry, packKernel, patchesFunction } from './patches.ts';

/** A word of a kernel's parameters: a value's address and bytes beyond it, a temporary's, or the threads' scratch. */
export type Word =
  | { readonly value: ValueId; readonly offset: number }
  | { readonly temporary: number }
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
      readonly step: Step['kind'];
    }
  | { readonly kind: 'host'; readonly run: HostStep; readonly step: Step['kind'] };

export type Lowered = {
  readonly module: ModuleWriter;
  readonly launches: readonly Launch[];
  /** Floats of each temporary. */
  readonly temporaries: readonly number[];
  /** Floats of scratch for each thread. */
  readonly perThread: number;
};

/** Arithmetic below which one thread is faster than two. */
const worthSharing = 20_000;

const at = (value: ValueId): Word => ({ value, offset: 0 });

const load = (strides: readonly number[], dtype: DType = 'f32'): Expression => ({
  loads: [{ value: -1, offset: 0, strides }],
  code: [{ kind: 'load', load: 0, dtype }],
});

export const lower = (program: Program, tile: Tile): Lowered => {
  const module = new ModuleWriter();
  const launches: Launch[] = [];
  const temporaries: number[] = [];
  let perThread = 0;
  let functions: { set: number; add: number } | undefined;

  const temporary = (floats: number): Word => ({ temporary: temporaries.push(floats) - 1 });
  const shapeOf = (id: ValueId): Shape => program.values[id].shape;
  const gemm = () => {
    functions ??= { set: module.add(gemmFunction(tile, false)), add: module.add(gemmFunction(tile, true)) };
    return functions;
  };
  const calls = (g: Geometry) => ({ ...gemm(), patches: module.add(patchesFunction(g)) });
  const push = (step: Step['kind'], { f, items }: Kernel, words: readonly Word[], work: number): void => {
    if (items > 0)
      launches.push({ kind: 'kernel', index: module.add(f), words, items, alone: work < worthSharing, step });
  };
  const loads = (e: Expression | undefined): Word[] =>
    (e?.loads ?? []).map(({ value, offset }) => ({ value, offset: offset * 4 }));

  const map = (
    step: Step['kind'],
    shape: Shape,
    e: Expression,
    words: readonly Word[],
    out: readonly number[],
  ): void => {
    push(step, mapKernel(shape, e, out), words, sizeOf(shape) * e.code.length);
  };

  const reduce = (
    step: Step['kind'],
    shape: Shape,
    axes: readonly number[],
    fold: 'sum' | 'max',
    e: Expression,
    words: readonly Word[],
    out: Word,
    dtype: DType,
  ): void => {
    const { kernel, pieces, partials } = reduceKernel(shape, axes, fold, e, dtype);
    const work = sizeOf(shape) * e.code.length;
    if (pieces === 1) {
      push(step, kernel, [...words, out], work);
      return;
    }
    const partial = temporary(partials);
    push(step, kernel, [...words, partial], work);
    const width = axes.includes(shape.length - 1) ? 1 : shape[shape.length - 1];
    const folded = [partials / pieces / width, pieces, width];
    reduce(step, folded, [1], fold, load(stridesOf(folded), dtype), [partial], out, dtype);
  };

  /** The epilogue over (row, column), or undefined where it does not reduce to that. */
  const flatten = (shape: Shape, epilogue: Expression): Expression | undefined => {
    const last = shape.length - 1;
    const flat = collapse(shape, epilogue.loads, new Set([last]));
    if (flat.shape.length > 2 || epilogue.code.some((line) => line.kind === 'position')) return undefined;
    return {
      code: epilogue.code,
      loads: flat.walks.map((walk, i) => ({
        value: epilogue.loads[i].value,
        offset: walk.offset,
        strides: walk.strides.length === 2 ? walk.strides : [0, walk.strides[0] ?? 0],
      })),
    };
  };

  /** What the kernel can finish itself, and what remains as a map over its result. */
  const finishing = (shape: Shape, epilogue: Expression | undefined) => {
    if (!epilogue) return { own: undefined, rest: undefined };
    const own = flatten(shape, epilogue);
    return own ? { own, rest: undefined } : { own: undefined, rest: epilogue };
  };
  const finishLater = (step: Step['kind'], out: ValueId, rest: Expression | undefined): void => {
    if (!rest) return;
    const shape = shapeOf(out);
    const e: Expression = {
      loads: [...rest.loads, { value: out, ...dense(shape) }],
      code: rest.code.map((line) =>
        line.kind === 'accumulator' ? { kind: 'load', load: rest.loads.length, dtype: 'f32' } : line,
      ),
    };
    map(step, shape, e, [...loads(e), at(out)], stridesOf(shape));
  };

  const scratched = (plan: ConvPlan): Kernel => {
    perThread = Math.max(perThread, plan.perThread);
    return plan.kernel;
  };

  const pack = (step: Step['kind'], order: FilterOrder, filter: Word): Word => {
    const kernel = packKernel(order, tile.columns);
    const size = order.taps * order.channels * tile.columns * kernel.items;
    const panels = temporary(size);
    push(step, kernel, [filter, panels], size);
    return panels;
  };

  const convolve = (
    step: Step['kind'],
    g: Geometry,
    groups: number,
    perGroup: number,
    x: Word,
    panels: Word,
    out: ValueId,
    epilogue: Expression | undefined,
    shape: Shape,
  ): void => {
    const { own, rest } = finishing(shape, epilogue);
    const kernel = scratched(convKernel(g, groups, perGroup, tile, calls(g), own));
    const work = g.n * g.oh * g.ow * groups * perGroup * g.kh * g.kw * g.ci;
    push(step, kernel, [x, panels, { scratch: true }, at(out), ...loads(own)], work);
    finishLater(step, out, rest);
  };

  /** Filters `[c, taps]` as `[taps, c]`. */
  const byTap = (step: Step['kind'], filter: Word, taps: number, c: number): Word => {
    const turned = temporary(taps * c);
    map(step, [taps, c], load([1, taps]), [filter, turned], [c, 1]);
    return turned;
  };

  const convolution = (step: Extract<Step, { kind: 'conv2d' | 'conv2dInput' | 'conv2dFilter' }>): void => {
    const { kind, groups, stride, padding } = step;
    const image = shapeOf(kind === 'conv2dInput' ? step.out : step.x);
    const filter = shapeOf(kind === 'conv2dFilter' ? step.out : step.filter);
    const result = shapeOf(kind === 'conv2d' ? step.out : step.dy);
    const [n, h, w, c] = image;
    const [out, kh, kw, ci] = filter;
    const [, oh, ow] = result;
    const g: Geometry = {
      n,
      h,
      w,
      c,
      ci,
      kh,
      kw,
      sh: stride[0],
      sw: stride[1],
      pt: padding[0],
      pl: padding[2],
      oh,
      ow,
    };
    const taps = kh * kw;
    const perGroup = out / groups;
    const depthwise = ci === 1 && groups === c && out === c && groups > 1;
    const arithmetic = n * oh * ow * out * taps * ci;

    if (kind === 'conv2d') {
      if (depthwise) {
        const { own, rest } = finishing(result, step.epilogue);
        const weights = byTap(kind, at(step.filter), taps, c);
        push(
          kind,
          scratched(depthwiseKernel(g, own)),
          [at(step.x), weights, { scratch: true }, at(step.out), ...loads(own)],
          arithmetic,
        );
        finishLater(kind, step.out, rest);
        return;
      }
      const order: FilterOrder = {
        groups,
        taps,
        channels: ci,
        columns: perGroup,
        groupStride: perGroup * taps * ci,
        tapStride: ci,
        channelStride: 1,
        columnStride: taps * ci,
        offset: 0,
      };
      convolve(
        kind,
        g,
        groups,
        perGroup,
        at(step.x),
        pack(kind, order, at(step.filter)),
        step.out,
        step.epilogue,
        result,
      );
    } else if (kind === 'conv2dInput') {
      if (depthwise) {
        const weights = byTap(kind, at(step.filter), taps, c);
        push(kind, depthwiseInputKernel(g).kernel, [at(step.dy), weights, at(step.out)], arithmetic);
        finishLater(kind, step.out, step.epilogue);
        return;
      }
      if (stride[0] === 1 && stride[1] === 1) {
        // A convolution of dy with the filters turned round.
        const back: Geometry = {
          n,
          h: oh,
          w: ow,
          c: out,
          ci: perGroup,
          kh,
          kw,
          sh: 1,
          sw: 1,
          pt: kh - 1 - padding[0],
          pl: kw - 1 - padding[2],
          oh: h,
          ow: w,
        };
        const order: FilterOrder = {
          groups,
          taps,
          channels: perGroup,
          columns: ci,
          groupStride: perGroup * taps * ci,
          tapStride: -ci,
          channelStride: taps * ci,
          columnStride: 1,
          offset: (taps - 1) * ci,
        };
        convolve(
          kind,
          back,
          groups,
          ci,
          at(step.dy),
          pack(kind, order, at(step.filter)),
          step.out,
          step.epilogue,
          image,
        );
        return;
      }
      const order: FilterOrder = {
        groups,
        taps: 1,
        channels: perGroup,
        columns: taps * ci,
        groupStride: perGroup * taps * ci,
        tapStride: 0,
        channelStride: taps * ci,
        columnStride: 1,
        offset: 0,
      };
      const panels = pack(kind, order, at(step.filter));
      const pixels: Geometry = {
        n,
        h: oh,
        w: ow,
        c: out,
        ci: perGroup,
        kh: 1,
        kw: 1,
        sh: 1,
        sw: 1,
        pt: 0,
        pl: 0,
        oh,
        ow,
      };
      const kernel = scratched(scatterKernel(g, groups, perGroup, tile, calls(pixels)));
      push(kind, kernel, [at(step.dy), panels, { scratch: true }, at(step.out)], arithmetic);
      finishLater(kind, step.out, step.epilogue);
    } else if (depthwise) {
      const parts = temporary(n * taps * c);
      push(kind, depthwiseFilterKernel(g).kernel, [at(step.x), at(step.dy), parts], arithmetic);
      const summed = temporary(taps * c);
      reduce(kind, [n, taps * c], [0], 'sum', load([taps * c, 1]), [parts], summed, 'f32');
      map(kind, [c, taps], load([1, c]), [summed, at(step.out)], [taps, 1]);
      finishLater(kind, step.out, step.epilogue);
    } else {
      const plan = filterKernel(g, groups, perGroup, tile, calls(g));
      const parts = temporary(plan.part * plan.splits * groups);
      push(kind, scratched(plan), [at(step.x), at(step.dy), { scratch: true }, parts], arithmetic);
      push(
        kind,
        combineKernel(taps * ci, groups, perGroup, plan),
        [parts, at(step.out)],
        out * taps * ci * plan.splits,
      );
      finishLater(kind, step.out, step.epilogue);
    }
  };

  /** A matrix product is a convolution of one-pixel windows, one batch after another. */
  const matmul = (step: Extract<Step, { kind: 'matmul' }>): void => {
    const { batch, m, n, k, transposeA, transposeB, out } = step;
    const shape = batch === 1 ? [m, n] : [batch, m, n];
    const single = batch === 1 ? finishing(shape, step.epilogue) : { own: undefined, rest: step.epilogue };
    const g: Geometry = { n: 1, h: 1, w: m, c: k, ci: k, kh: 1, kw: 1, sh: 1, sw: 1, pt: 0, pl: 0, oh: 1, ow: m };
    for (let i = 0; i < batch; i++) {
      let a: Word = { value: step.a, offset: i * m * k * 4 };
      if (transposeA) {
        const turned = temporary(m * k);
        map('matmul', [m, k], load([1, m]), [a, turned], [k, 1]);
        a = turned;
      }
      const order: FilterOrder = {
        groups: 1,
        taps: 1,
        channels: k,
        columns: n,
        groupStride: 0,
        tapStride: 0,
        channelStride: transposeB ? 1 : n,
        columnStride: transposeB ? k : 1,
        offset: 0,
      };
      const panels = pack('matmul', order, { value: step.b, offset: i * k * n * 4 });
      const kernel = scratched(convKernel(g, 1, n, tile, calls(g), single.own));
      push(
        'matmul',
        kernel,
        [a, panels, { scratch: true }, { value: out, offset: i * m * n * 4 }, ...loads(single.own)],
        m * n * k,
      );
    }
    finishLater('matmul', out, single.rest);
  };

  const pool = (step: Extract<Step, { kind: 'maxPool2d' | 'maxPool2dGrad' }>): void => {
    const [n, h, w, c] = shapeOf(step.x);
    const { size, stride, padding } = step;
    const windows = (length: number, a: number, low: number, high: number) =>
      Math.floor((length + low + high - size[a]) / stride[a]) + 1;
    const [oh, ow] = [windows(h, 0, padding[0], padding[1]), windows(w, 1, padding[2], padding[3])];
    const g: Geometry = {
      n,
      h,
      w,
      c,
      ci: c,
      kh: size[0],
      kw: size[1],
      sh: stride[0],
      sw: stride[1],
      pt: padding[0],
      pl: padding[2],
      oh,
      ow,
    };
    const work = n * oh * ow * c * size[0] * size[1];
    if (step.kind === 'maxPool2d') push(step.kind, maxPoolKernel(g).kernel, [at(step.x), at(step.out)], work);
    else push(step.kind, maxPoolGradKernel(g).kernel, [at(step.x), at(step.dy), at(step.out)], work);
  };

  const moments = ({ x, rows, channels, out }: Extract<Step, { kind: 'moments' }>): void => {
    const [total, squares] = [temporary(channels), temporary(channels)];
    const scaled: Expression = {
      loads: [{ value: -1, offset: 0, strides: [1] }],
      code: [
        { kind: 'load', load: 0, dtype: 'f32' },
        { kind: 'literal', value: 1 / rows, dtype: 'f32' },
        { kind: 'mul', a: 0, b: 1, dtype: 'f32' },
      ],
    };
    const deviation: Expression = {
      loads: [
        { value: -1, offset: 0, strides: [channels, 1] },
        { value: -1, offset: 0, strides: [0, 1] },
      ],
      code: [
        { kind: 'load', load: 0, dtype: 'f32' },
        { kind: 'load', load: 1, dtype: 'f32' },
        { kind: 'sub', a: 0, b: 1, dtype: 'f32' },
        { kind: 'mul', a: 2, b: 2, dtype: 'f32' },
      ],
    };
    const mean = at(out);
    reduce('moments', [rows, channels], [0], 'sum', load([channels, 1]), [at(x)], total, 'f32');
    map('moments', [channels], scaled, [total, mean], [1]);
    reduce('moments', [rows, channels], [0], 'sum', deviation, [at(x), mean], squares, 'f32');
    map('moments', [channels], scaled, [squares, { value: out, offset: channels * 4 }], [1]);
  };

  for (const step of program.steps) {
    switch (step.kind) {
      case 'map': {
        const { out, expression, shape } = step;
        const words = [...loads(expression), { value: out.value, offset: out.offset * 4 }];
        map('map', shape, expression, words, out.strides);
        break;
      }
      case 'reduce': {
        const { dtype } = program.values[step.out];
        reduce(
          'reduce',
          step.shape,
          step.axes,
          step.fold,
          step.expression,
          loads(step.expression),
          at(step.out),
          dtype,
        );
        break;
      }
      case 'moments':
        moments(step);
        break;
      case 'matmul':
        matmul(step);
        break;
      case 'conv2d':
      case 'conv2dInput':
      case 'conv2dFilter':
        convolution(step);
        break;
      case 'maxPool2d':
      case 'maxPool2dGrad':
        pool(step);
        break;
      default:
        launches.push({ kind: 'host', run: hostStep(step, program), step: step.kind });
    }
  }
  return { module, launches, temporaries, perThread };
};
