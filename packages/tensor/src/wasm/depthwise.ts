/**
 * Convolution with one filter for each channel, and its gradients; weights come as `[taps, channels]`. A strip of lines is
 * copied with its border as zeros, so that every window lies inside; then a few channels at a time keep their weights (or
 * the sums of their gradient) in registers along all windows of the strip.
 */

import type { Expression } from '../plan/program.ts';
import { type ConvPlan, own, up } from './blocks.ts';
import type { Func, Local } from './emitter.ts';
import { epilogueAt } from './finish.ts';
import { kernel } from './map.ts';
import { type Geometry, zeroRun } from './patches.ts';

/** An image whose pixels lie `spread` apart, zeros between them: what a stride becomes in the gradient. */
export type Spread = Geometry & { readonly spread: number };

/** Lines of results in a strip, and the lines and pixels of the input that they read. */
const stripOf = (g: Geometry) => {
  const width = (g.ow - 1) * g.sw + g.kw;
  const fitting = Math.floor(((1 << 16) / (width * g.c) - g.kh) / g.sh) + 1;
  const lines = Math.max(1, Math.min(g.oh, fitting, Math.ceil((g.n * g.oh) / 8)));
  return { lines, inputLines: (lines - 1) * g.sh + g.kh, width, strips: Math.ceil(g.oh / lines) };
};

/** Copies `floats` from `from` to `to`; both are lost. Up to 3 floats beyond are overwritten. */
const copyRun = (f: Func, to: Local, from: Local, floats: number): void => {
  const i = f.local();
  const vectors = Math.ceil(floats / 4);
  const copy = (count: number) => {
    for (let k = 0; k < count; k++)
      f.get(to, from)
        .memory('v128.load', 16 * k)
        .memory('v128.store', 16 * k);
  };
  const loops = Math.floor(vectors / 4);
  f.count(i, loops, () => {
    copy(4);
    f.bump(to, 64).bump(from, 64);
  });
  copy(vectors - 4 * loops);
  f.bump(to, (floats - 16 * loops) * 4);
};

/** Writes the input lines of a strip to `padded`, upwards. */
const pad = (f: Func, p: Local, g: Spread, image: Local, line0: Local, padded: Local): void => {
  const { inputLines, width } = stripOf(g);
  const [y, row, x, to, from, stop] = f.locals(6);
  const [high, wide] = [(g.h - 1) * g.spread + 1, (g.w - 1) * g.spread + 1];
  /** Pixels of a line left of the image, in it, and right of it. */
  const left = Math.min(g.pl, width);
  const within = Math.max(0, Math.min(width - left, wide));
  const zeros = (pixels: number) => {
    if (pixels <= 0) return;
    zeroRun(f, to, pixels * g.c);
    f.bump(to, ((pixels * g.c) % 4) * 4);
  };
  f.get(padded).set(to);
  f.count(y, inputLines, () => {
    f.times(line0, g.sh).get(y).do('i32.add').i32(-g.pt).do('i32.add').tee(row);
    f.i32(high).do('i32.lt_u');
    if (g.spread > 1) f.get(row).i32(g.spread).do('i32.rem_u', 'i32.eqz', 'i32.and');
    f.when(
      () => {
        zeros(left);
        f.times(image, g.h)
          .get(row)
          .i32(g.spread)
          .do('i32.div_u', 'i32.add')
          .i32(g.w * g.c * 4);
        f.do('i32.mul').get(p).memory('i32.load').do('i32.add').set(from);
        if (g.spread === 1) copyRun(f, to, from, within * g.c);
        else {
          f.i32(within).set(stop);
          f.i32(0).range(x, stop, 1, () => {
            f.get(x).i32(g.spread).do('i32.rem_u', 'i32.eqz');
            f.when(
              () => copyRun(f, to, from, g.c),
              () => zeros(1),
            );
            // A copy ends behind its last float, wherever the vector ended.
            f.get(p).memory('i32.load').times(image, g.h).get(row).i32(g.spread).do('i32.div_u', 'i32.add').i32(g.w);
            f.do('i32.mul')
              .get(x)
              .i32(g.spread)
              .do('i32.div_u', 'i32.add')
              .i32(1)
              .do('i32.add')
              .i32(g.c * 4);
            f.do('i32.mul', 'i32.add').set(from);
          });
        }
        zeros(width - left - within);
      },
      () => zeros(width),
    );
  });
};

/** A few channels side by side: `width` floats in vectors, or lane 0 of one. */
type Block = { readonly width: number; readonly vectors: number };
const blocks: readonly Block[] = [
  { width: 8, vectors: 2 },
  { width: 4, vectors: 1 },
  { width: 1, vectors: 1 },
];

const loadVector = (f: Func, { width }: Block, from: Local, offset: number): void => {
  f.get(from).memory(width === 1 ? 'v128.load32_zero' : 'v128.load', offset);
};
const storeVector = (f: Func, { width }: Block, offset: number): void => {
  if (width === 1) f.storeLane0(offset);
  else f.memory('v128.store', offset);
};

/** All channels in blocks; `channel` is the byte offset of the block's first. */
const eachBlock = (f: Func, channels: number, channel: Local, body: (block: Block) => void): void => {
  const i = f.local();
  let left = channels;
  f.i32(0).set(channel);
  for (const block of blocks) {
    const times = Math.floor(left / block.width);
    left -= times * block.width;
    f.count(i, times, () => {
      body(block);
      f.bump(channel, block.width * 4);
    });
  }
};

/** sum += x * y, all on the stack or in locals; `x` and `y` put vectors on the stack. */
const multiplyAdd = (f: Func, fused: boolean, sum: Local, x: () => void, y: () => void): void => {
  x();
  y();
  if (fused) f.get(sum).do('f32x4.relaxed_madd').set(sum);
  else f.do('f32x4.mul').get(sum).do('f32x4.add').set(sum);
};

/** Weights of so many taps stay in registers. */
const resident = 9;

const tapOffsets = (g: Geometry, width: number): readonly number[] =>
  Array.from({ length: g.kh * g.kw }, (_, t) => (Math.floor(t / g.kw) * width + (t % g.kw)) * g.c * 4);

/** Parameters: image, weights, scratch, output, epilogue's loads. Item: a strip of one image's lines. */
export const depthwiseKernel = (g: Spread, fused: boolean, epilogue: Expression | undefined): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const { lines, inputLines, width, strips } = stripOf(g);
  const paddedFloats = up(inputLines * width * g.c + 16, 16);
  const [item, image, line0, count, padded, channel, weights, line, from, to, j, left, row0] = f.locals(13);
  const offsets = tapOffsets(g, width);
  const after = epilogueAt(f, p, 4, epilogue);
  own(f, p, 2, thread, paddedFloats, 0, padded);
  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(strips).do('i32.div_u').set(image);
    f.get(item).i32(strips).do('i32.rem_u').i32(lines).do('i32.mul').set(line0);
    f.i32(g.oh).get(line0).do('i32.sub').set(count);
    f.atMost(count, lines);
    f.times(image, g.oh).get(line0).do('i32.add').i32(g.ow).do('i32.mul').set(row0);
    pad(f, p, g, image, line0, padded);
    eachBlock(f, g.c, channel, (block) => {
      const vectors = Array.from({ length: block.vectors }, (_, v) => v);
      const sums = vectors.map(() => f.local('v128'));
      const kept = offsets.length <= resident ? offsets.map(() => vectors.map(() => f.local('v128'))) : undefined;
      f.get(p).memory('i32.load', 4).get(channel).do('i32.add').set(weights);
      kept?.forEach((taps, t) => {
        taps.forEach((w, v) => {
          loadVector(f, block, weights, t * g.c * 4 + 16 * v);
          f.set(w);
        });
      });
      f.get(padded, channel).do('i32.add').set(line);
      f.get(p)
        .memory('i32.load', 12)
        .times(row0, g.c * 4)
        .do('i32.add')
        .get(channel)
        .do('i32.add')
        .set(to);
      const lanes = block.width === 1 ? 1 : 4;
      after.point(row0, channel);
      for (const v of vectors) after.keep(4 * v, lanes);
      f.get(count).set(left);
      f.repeat(() => {
        f.get(line).set(from);
        f.count(j, g.ow, () => {
          for (const sum of sums) f.constant(0).set(sum);
          offsets.forEach((offset, t) => {
            for (const v of vectors)
              multiplyAdd(
                f,
                fused,
                sums[v],
                () => loadVector(f, block, from, offset + 16 * v),
                () => (kept ? f.get(kept[t][v]) : loadVector(f, block, weights, t * g.c * 4 + 16 * v)),
              );
          });
          for (const v of vectors) {
            const value = after.value(4 * v, lanes, () => f.get(sums[v]));
            f.get(to, value);
            storeVector(f, block, 16 * v);
          }
          f.bump(from, g.sw * g.c * 4).bump(to, g.c * 4);
          after.move(1, 0);
        });
        f.bump(line, g.sh * width * g.c * 4)
          .add(left, -1)
          .tee(left);
      });
    });
  });
  return { kernel: { f, items: g.n * strips }, perThread: paddedFloats };
};

/** The convolution of dy that gives the gradient to the image; its taps come in reverse order. */
export const backwards = (g: Geometry): Spread => ({
  n: g.n,
  h: g.oh,
  w: g.ow,
  c: g.c,
  ci: 1,
  kh: g.kh,
  kw: g.kw,
  sh: 1,
  sw: 1,
  pt: g.kh - 1 - g.pt,
  pl: g.kw - 1 - g.pl,
  oh: g.h,
  ow: g.w,
  spread: g.sh,
});

/** Parameters: image, dy, scratch, parts `[items, taps, c]`. Item: a strip of one image's lines. */
export const depthwiseFilterKernel = (g: Geometry, fused: boolean): ConvPlan => {
  const { f, p, begin, end, thread } = kernel();
  const { lines, inputLines, width, strips } = stripOf(g);
  const size = g.kh * g.kw * g.c;
  const perThread = up(inputLines * width * g.c + 16, 16);
  const [item, image, line0, count, padded, part, channel, lineX, lineDy, x, dy, j] = f.locals(12);
  const [left, dyStart] = f.locals(2);
  const offsets = tapOffsets(g, width);
  /** Taps whose sums are kept at a time: all, or one row. */
  const together = offsets.length <= resident ? offsets.length : g.kw;
  own(f, p, 2, thread, perThread, 0, padded);
  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(strips).do('i32.div_u').set(image);
    f.get(item).i32(strips).do('i32.rem_u').i32(lines).do('i32.mul').set(line0);
    f.i32(g.oh).get(line0).do('i32.sub').set(count);
    f.atMost(count, lines);
    pad(f, p, { ...g, spread: 1 }, image, line0, padded);
    f.times(image, g.oh)
      .get(line0)
      .do('i32.add')
      .i32(g.ow * g.c * 4)
      .do('i32.mul');
    f.get(p).memory('i32.load', 4).do('i32.add').set(dyStart);
    eachBlock(f, g.c, channel, (block) => {
      const vectors = Array.from({ length: block.vectors }, (_, v) => v);
      const gradient = vectors.map(() => f.local('v128'));
      for (let first = 0; first < offsets.length; first += together) {
        const taps = offsets.slice(first, first + together);
        const sums = taps.map(() => vectors.map(() => f.local('v128')));
        for (const sum of sums.flat()) f.constant(0).set(sum);
        f.get(padded, channel).do('i32.add').set(lineX);
        f.get(dyStart, channel).do('i32.add').set(lineDy);
        f.get(count).set(left);
        f.repeat(() => {
          f.get(lineX).set(x).get(lineDy).set(dy);
          f.count(j, g.ow, () => {
            for (const v of vectors) {
              loadVector(f, block, dy, 16 * v);
              f.set(gradient[v]);
            }
            taps.forEach((offset, t) => {
              for (const v of vectors)
                multiplyAdd(
                  f,
                  fused,
                  sums[t][v],
                  () => loadVector(f, block, x, offset + 16 * v),
                  () => f.get(gradient[v]),
                );
            });
            f.bump(x, g.sw * g.c * 4).bump(dy, g.c * 4);
          });
          f.bump(lineX, g.sh * width * g.c * 4)
            .bump(lineDy, g.ow * g.c * 4)
            .add(left, -1)
            .tee(left);
        });
        f.get(p)
          .memory('i32.load', 12)
          .times(item, size * 4)
          .do('i32.add')
          .get(channel)
          .do('i32.add')
          .set(part);
        sums.forEach((row, t) => {
          row.forEach((sum, v) => {
            f.get(part, sum);
            storeVector(f, block, (first + t) * g.c * 4 + 16 * v);
          });
        });
      }
    });
  });
  return { kernel: { f, items: g.n * strips }, perThread };
};
