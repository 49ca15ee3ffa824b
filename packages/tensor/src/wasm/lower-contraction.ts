/** Convolutions, their gradients and matrix products as launches: which kernel serves which shape. */
import type { Expression, Step, ValueId } from '../plan/program.ts';
import type { Calls } from './blocks.ts';
import { convKernel } from './convolution.ts';
import { backwards, depthwiseFilterKernel, depthwiseKernel, type Spread } from './depthwise.ts';
import type { Func } from './emitter.ts';
import { filterGradient } from './filter-gradient.ts';
import type { Tile } from './gemm.ts';
import { at, finishing, type Lowering, load, loadsOf, type Word } from './lowering.ts';
import type { Kernel } from './map.ts';
import { depthOf, type FilterOrder, type Geometry, isMatrix, packKernel, patchesFunction } from './patches.ts';
import { scatterKernel } from './scatter.ts';
import { chooseWinograd, tilePatches } from './winograd.ts';

type Convolution = Extract<Step, { kind: 'conv2d' | 'conv2dInput' | 'conv2dFilter' }>;

/** Image, filter and result of a convolution, whichever of the three it computes. */
type Problem = {
  /** Of the forward convolution. */
  readonly g: Geometry;
  readonly groups: number;
  /** Filters of a group. */
  readonly perGroup: number;
  readonly isDepthwise: boolean;
  /** Multiply-adds. */
  readonly work: number;
};

const problemOf = (lowering: Lowering, step: Convolution): Problem => {
  const { kind, groups, stride, padding } = step;
  const [n, h, w, c] = lowering.shapeOf(kind === 'conv2dInput' ? step.out : step.x);
  const [out, kh, kw, ci] = lowering.shapeOf(kind === 'conv2dFilter' ? step.out : step.filter);
  const [, oh, ow] = lowering.shapeOf(kind === 'conv2d' ? step.out : step.dy);
  const [sh, sw] = stride;
  return {
    g: { n, h, w, c, ci, kh, kw, sh, sw, pt: padding[0], pl: padding[2], oh, ow },
    groups,
    perGroup: out / groups,
    isDepthwise: ci === 1 && groups === c && out === c && groups > 1,
    work: n * oh * ow * out * kh * kw * ci,
  };
};

const calls = (lowering: Lowering, tile: Tile, g: Geometry): Calls => {
  // An image that is a matrix is read in whole tiles of rows.
  if (isMatrix(g)) lowering.readBeyond(tile.rows * depthOf(g));
  return { gemm: lowering.gemm(tile), patches: lowering.module.add(patchesFunction(g)) };
};

const pack = (lowering: Lowering, { columns }: Tile, order: FilterOrder, filter: Word): Word => {
  const { kernel: packing, floats } = packKernel(order, columns);
  const { word, once } = lowering.madeOf(filter, floats);
  lowering.readBeyond(columns * Math.abs(order.columnStride));
  lowering.push(packing, [filter, word], floats, once);
  return word;
};

/** A convolution whose filter is given by `order`: by Winograd's transforms where they pay, over windows otherwise. */
const convolve = (
  lowering: Lowering,
  g: Geometry,
  order: FilterOrder,
  x: Word,
  filter: Word,
  out: ValueId,
  epilogue: Expression | undefined,
): void => {
  const { groups, columns } = order;
  const { threads, module } = lowering;
  const tile = lowering.tileFor(columns);
  const { own, rest } = finishing(lowering.shapeOf(out), epilogue);
  const work = g.n * g.oh * g.ow * groups * columns * depthOf(g);
  const add = (f: Func) => module.add(f);
  const transformed = chooseWinograd(g, groups, columns, tile, lowering.lasts(filter));
  let kernel: Kernel;
  let weights: Word;
  if (transformed) {
    const { kernel: transform, floats } = transformed.filter(order);
    const { word, once } = lowering.madeOf(filter, floats);
    lowering.push(transform, [filter, word], floats, once);
    weights = word;
    const patches = calls(lowering, tile, tilePatches(transformed.m, g));
    kernel = lowering.scratched(transformed.convolution(patches, add, threads, own));
  } else {
    weights = pack(lowering, tile, order, filter);
    kernel = lowering.scratched(convKernel(g, groups, columns, tile, calls(lowering, tile, g), threads, own));
  }
  lowering.push(kernel, [x, weights, { scratch: true }, at(out), ...loadsOf(own)], work);
  lowering.finishLater(out, rest);
};

/** Filters `[c, taps]` as `[taps, c]`, or the taps in reverse order. */
const byTap = (lowering: Lowering, filter: Word, taps: number, c: number, reverse: boolean): Word => {
  const { word, once } = lowering.madeOf(filter, taps * c);
  const first = reverse && 'value' in filter ? { ...filter, offset: filter.offset + (taps - 1) * 4 } : filter;
  lowering.map([taps, c], load([reverse ? -1 : 1, taps]), [first, word], [c, 1], once);
  return word;
};

const depthwise = (
  lowering: Lowering,
  g: Spread,
  x: Word,
  weights: Word,
  out: ValueId,
  epilogue: Expression | undefined,
): void => {
  const { own, rest } = finishing(lowering.shapeOf(out), epilogue);
  const kernel = lowering.scratched(depthwiseKernel(g, lowering.tile.fused, own));
  const work = g.n * g.oh * g.ow * g.c * g.kh * g.kw;
  lowering.push(kernel, [x, weights, { scratch: true }, at(out), ...loadsOf(own)], work);
  lowering.finishLater(out, rest);
};

export const conv2d = (lowering: Lowering, step: Extract<Step, { kind: 'conv2d' }>): void => {
  const { g, groups, perGroup, isDepthwise } = problemOf(lowering, step);
  const taps = g.kh * g.kw;
  if (isDepthwise) {
    const weights = byTap(lowering, at(step.filter), taps, g.c, false);
    depthwise(lowering, { ...g, spread: 1 }, at(step.x), weights, step.out, step.epilogue);
    return;
  }
  const order: FilterOrder = {
    groups,
    taps,
    channels: g.ci,
    columns: perGroup,
    groupStride: perGroup * taps * g.ci,
    tapStride: g.ci,
    channelStride: 1,
    columnStride: taps * g.ci,
    offset: 0,
  };
  convolve(lowering, g, order, at(step.x), at(step.filter), step.out, step.epilogue);
};

export const conv2dInput = (lowering: Lowering, step: Extract<Step, { kind: 'conv2dInput' }>): void => {
  const { g, groups, perGroup, isDepthwise, work } = problemOf(lowering, step);
  const { n, h, w, c, ci, kh, kw, oh, ow } = g;
  const taps = kh * kw;
  const out = groups * perGroup;
  if (isDepthwise && g.sh === g.sw && g.pt < kh && g.pl < kw) {
    const weights = byTap(lowering, at(step.filter), taps, c, true);
    depthwise(lowering, backwards(g), at(step.dy), weights, step.out, step.epilogue);
    return;
  }
  if (g.sh === 1 && g.sw === 1) {
    // A convolution of dy with the filters turned round.
    const [pt, pl] = [kh - 1 - g.pt, kw - 1 - g.pl];
    const back: Geometry = { n, h: oh, w: ow, c: out, ci: perGroup, kh, kw, sh: 1, sw: 1, pt, pl, oh: h, ow: w };
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
    convolve(lowering, back, order, at(step.dy), at(step.filter), step.out, step.epilogue);
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
  const tile = lowering.tileFor(order.columns);
  const panels = pack(lowering, tile, order, at(step.filter));
  const pixels: Geometry = {
    n,
    h: oh,
    w: ow,
    c: out,
    ci: perGroup,
    oh,
    ow,
    kh: 1,
    kw: 1,
    sh: 1,
    sw: 1,
    pt: 0,
    pl: 0,
  };
  const kernel = lowering.scratched(scatterKernel(g, groups, perGroup, tile, calls(lowering, tile, pixels)));
  lowering.push(kernel, [at(step.dy), panels, { scratch: true }, at(step.out)], work);
  lowering.finishLater(step.out, step.epilogue);
};

export const conv2dFilter = (lowering: Lowering, step: Extract<Step, { kind: 'conv2dFilter' }>): void => {
  const { g, groups, perGroup, isDepthwise, work } = problemOf(lowering, step);
  const taps = g.kh * g.kw;
  if (isDepthwise) {
    const plan = depthwiseFilterKernel(g, lowering.tile.fused);
    const items = plan.kernel.items;
    const parts = lowering.temporary(items * taps * g.c);
    lowering.push(lowering.scratched(plan), [at(step.x), at(step.dy), { scratch: true }, parts], work);
    const summed = lowering.temporary(taps * g.c);
    lowering.reduce([items, taps * g.c], [0], 'sum', load([taps * g.c, 1]), [parts], summed, 'f32');
    lowering.map([g.c, taps], load([1, g.c]), [summed, at(step.out)], [taps, 1]);
  } else {
    const add = (f: Func) => lowering.module.add(f);
    const plan = filterGradient(g, groups, perGroup, lowering.tile, calls(lowering, lowering.tile, g), add);
    const parts = lowering.temporary(plan.parts);
    lowering.push(lowering.scratched(plan), [at(step.x), at(step.dy), { scratch: true }, parts], work);
    lowering.push(plan.combine, [parts, at(step.out)], plan.parts);
  }
  lowering.finishLater(step.out, step.epilogue);
};

/** A matrix product is a convolution of one-pixel windows. */
export const matmul = (lowering: Lowering, step: Extract<Step, { kind: 'matmul' }>): void => {
  const { batch, m, n, k, transposeA, transposeB, out } = step;
  // The epilogue's axes are those of the result, which may have a batch axis of length 1.
  const { own, rest } = finishing(lowering.shapeOf(out), step.epilogue);
  const g: Geometry = { n: 1, h: 1, w: m, c: k, ci: k, kh: 1, kw: 1, sh: 1, sw: 1, pt: 0, pl: 0, oh: 1, ow: m };
  let a: Word = at(step.a);
  if (transposeA) {
    const turned = lowering.temporary(batch * m * k);
    lowering.map([batch, m, k], load([m * k, 1, m]), [a, turned], [m * k, k, 1]);
    a = turned;
  }
  const order: FilterOrder = {
    groups: batch,
    taps: 1,
    channels: k,
    columns: n,
    groupStride: k * n,
    tapStride: 0,
    channelStride: transposeB ? 1 : n,
    columnStride: transposeB ? k : 1,
    offset: 0,
  };
  const tile = lowering.tileFor(n);
  const panels = pack(lowering, tile, order, at(step.b));
  const { threads } = lowering;
  const kernel = lowering.scratched(convKernel(g, 1, n, tile, calls(lowering, tile, g), threads, own, batch));
  lowering.push(kernel, [a, panels, { scratch: true }, at(out), ...loadsOf(own)], batch * m * n * k);
  lowering.finishLater(out, rest);
};
