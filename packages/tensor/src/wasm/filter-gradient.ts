/**
 * Gradient of a convolution to its filter: for every tap the product dyᵀ x over all output pixels. A block of output pixels
 * is packed once, dy in strips of as many filters as a tile has rows, x in strips of as many channels as it has columns,
 * with the borders of the image as zeros, so that every tap reads the same strips from another start. The sums of a tile
 * stay in registers over the whole block.
 */
import { type Calls, type ConvPlan, own, up } from './blocks.ts';
import { Func, type Local } from './emitter.ts';
import type { Tile } from './gemm.ts';
import { type Kernel, kernel } from './map.ts';
import { depthOf, type Geometry, zeroRun } from './patches.ts';

/** How a filter gradient is cut up: fixed by the shape, never by the threads. */
type Layout = {
  /** Channels that make the columns: those of the image tap by tap, or whole windows where there are too few. */
  readonly channels: number;
  readonly taps: number;
  readonly windows: boolean;
  /** Strips of columns, strips of filters. */
  readonly panels: number;
  readonly tiles: number;
  /** A block of output pixels: images by lines, and rows and pixels in a row of the input that it reads. */
  readonly images: number;
  readonly lines: number;
  readonly inputLines: number;
  readonly inputWidth: number;
  readonly lineBlocks: number;
  readonly blocks: number;
  /** Strips of filters that are worked on together, and how often that. */
  readonly together: number;
  readonly rounds: number;
  /** Parts of the blocks that are summed apart. */
  readonly splits: number;
};

/** Floats that fit into a core's own cache with room to spare. */
const cache = 160_000;

const layoutOf = (g: Geometry, groups: number, perGroup: number, { rows, columns }: Tile): Layout => {
  const fill = (n: number) => n / up(n, columns);
  const depth = depthOf(g);
  const windows = g.kh * g.kw > 1 && fill(g.ci) < 0.8 * fill(depth);
  const channels = windows ? depth : g.ci;
  const panels = Math.ceil(channels / columns);
  const tiles = Math.ceil(perGroup / rows);
  const plane = g.oh * g.ow;
  // Pixels of a block for which dy, image and sums fit into the cache together; where the sums alone do not, they stream.
  const size = tiles * rows * panels * columns * (windows ? 1 : g.kh * g.kw);
  const fitting = (cache - size) / (tiles * rows + 1.3 * panels * columns);
  const most = Math.floor((1 << 19) / (panels * columns));
  const wanted = Math.max(64, Math.min(768, fitting < 256 ? most : Math.floor(fitting)));
  const whole = plane <= wanted;
  const images = whole ? Math.min(g.n, Math.floor(wanted / plane)) : 1;
  const lines = whole ? g.oh : Math.max(1, Math.floor(wanted / g.ow));
  const lineBlocks = Math.ceil(g.oh / lines);
  const blocks = Math.ceil(g.n / images) * lineBlocks;
  const pixels = images * lines * g.ow;
  const together = Math.ceil(tiles / Math.ceil(tiles / Math.max(1, Math.floor(98304 / (pixels * rows)))));
  const rounds = Math.ceil(tiles / together);
  return {
    channels,
    taps: windows ? 1 : g.kh * g.kw,
    windows,
    panels,
    tiles,
    images,
    lines,
    inputLines: windows ? lines : (lines - 1) * g.sh + g.kh,
    inputWidth: windows ? g.ow : (g.ow - 1) * g.sw + g.kw,
    lineBlocks,
    blocks,
    together,
    rounds,
    splits: Math.min(blocks, size > 1 << 20 ? 2 : 8, Math.ceil(8 / (groups * rounds))),
  };
};

/** (a, b, c, images, lines, width): adds the product of a strip of dy and a strip of x to one tile of sums. */
const tileFunction = (l: Layout, g: Geometry, { rows, columns, fused }: Tile): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [a, b, c, images, lines, width] = [0, 1, 2, 3, 4, 5];
  const vectors = columns / 4;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local('v128')));
  const fromB = Array.from({ length: vectors }, () => f.local('v128'));
  const fromA = f.local('v128');
  const [line, left, x, at] = f.locals(4);
  const [stepX, stepLine] = l.windows ? [1, l.inputWidth] : [g.sw, g.sh * l.inputWidth];
  const each = (visit: (v: Local, offset: number) => void) =>
    sums.forEach((row, i) => {
      row.forEach((v, j) => visit(v, (i * columns + 4 * j) * 4));
    });
  each((v, offset) => f.get(c).memory('v128.load', offset).set(v));
  f.repeat(() => {
    f.get(b).set(line).get(lines).set(left);
    f.repeat(() => {
      f.get(line).set(at).get(width).set(x);
      f.repeat(() => {
        fromB.forEach((v, j) =>
          f
            .get(at)
            .memory('v128.load', 16 * j)
            .set(v),
        );
        sums.forEach((row, i) => {
          f.get(a)
            .memory('v128.load32_splat', 4 * i)
            .set(fromA);
          row.forEach((v, j) => {
            if (fused) f.get(fromA, fromB[j], v).do('f32x4.relaxed_madd').set(v);
            else f.get(fromA, fromB[j]).do('f32x4.mul').get(v).do('f32x4.add').set(v);
          });
        });
        f.bump(a, rows * 4)
          .bump(at, stepX * columns * 4)
          .add(x, -1)
          .tee(x);
      });
      f.bump(line, stepLine * columns * 4)
        .add(left, -1)
        .tee(left);
    });
    f.bump(b, l.inputLines * l.inputWidth * columns * 4)
      .add(images, -1)
      .tee(images);
  });
  each((v, offset) => f.get(c, v).memory('v128.store', offset));
  return f;
};

/** Copies `floats` of a row to the strips, `stride` bytes apart; the last strip also takes what follows the row. */
const scatterRow = (f: Func, from: Local, to: Local, strips: number, width: number, stride: Local): void => {
  const strip = f.local();
  f.count(strip, strips, () => {
    // Strips are written upwards, so that what is too much is overwritten by the next pixel.
    for (let k = 0; k < Math.ceil(width / 4); k++)
      f.get(to, from)
        .memory('v128.load', 16 * k)
        .memory('v128.store', 16 * k);
    f.bump(from, width * 4)
      .get(to, stride)
      .do('i32.add')
      .set(to);
  });
};

export type FilterGradient = ConvPlan & {
  /** Floats of the sums, before `combine` adds those of the splits. */
  readonly parts: number;
  readonly combine: Kernel;
};

/**
 * Parameters: image, dy, scratch, parts. Item: (group, split, round of filters). Then `combine`, with the parameters parts
 * and filter gradient. `addFunction` puts a function into the module.
 */
export const filterGradient = (
  g: Geometry,
  groups: number,
  perGroup: number,
  tile: Tile,
  calls: Calls,
  addFunction: (f: Func) => number,
): FilterGradient => {
  const l = layoutOf(g, groups, perGroup, tile);
  const { rows, columns } = tile;
  const pixels = l.images * l.lines * g.ow;
  const inputPixels = l.images * l.inputLines * l.inputWidth;
  const ofTile = l.taps * l.panels * rows * columns;
  const part = l.tiles * ofTile;
  // The last pixel of a strip is written in whole vectors, too.
  const stripFloats = up(pixels * rows + 3, 4);
  const aFloats = up(l.together * stripFloats + 16, 16);
  const bFloats = up(l.panels * inputPixels * columns + 16, 16);
  const windowFloats = l.windows ? up(pixels * l.channels + 16, 16) : 0;
  const perThread = aFloats + bFloats + windowFloats;
  const micro = addFunction(tileFunction(l, g, tile));

  const { f, p, begin, end, thread } = kernel();
  const [item, group, split, firstTile, tiles, block, last, image0, line0, images, lines] = f.locals(11);
  const [a, b, windows, result, to, from, i, y, x, stride, count] = f.locals(11);
  own(f, p, 2, thread, perThread, 0, a);
  own(f, p, 2, thread, perThread, aFloats, b);
  own(f, p, 2, thread, perThread, aFloats + bFloats, windows);
  const least = (value: Local, bound: number) => f.atMost(value, bound);

  const packDy = () => {
    // Strips [tile][pixel][rows].
    f.i32(stripFloats * 4).set(stride);
    f.get(images, lines).do('i32.mul').i32(g.ow).do('i32.mul').set(count);
    f.i32(0).range(i, count, 1, () => {
      f.times(image0, g.oh).get(line0).do('i32.add').i32(g.ow).do('i32.mul').get(i).do('i32.add');
      f.i32(groups * perGroup * 4).do('i32.mul');
      f.times(group, perGroup * 4)
        .do('i32.add')
        .times(firstTile, rows * 4)
        .do('i32.add');
      f.get(p).memory('i32.load', 4).do('i32.add').set(from);
      f.times(i, rows * 4)
        .get(a)
        .do('i32.add')
        .set(to);
      f.get(tiles).set(y);
      f.repeat(() => {
        for (let k = 0; k < Math.ceil(rows / 4); k++)
          f.get(to, from)
            .memory('v128.load', 16 * k)
            .memory('v128.store', 16 * k);
        f.bump(from, rows * 4)
          .get(to, stride)
          .do('i32.add')
          .set(to)
          .add(y, -1)
          .tee(y);
      });
    });
  };

  const packWindows = () => {
    f.i32(inputPixels * columns * 4).set(stride);
    f.get(p).memory('i32.load').get(windows);
    f.times(image0, g.oh).get(line0).do('i32.add').i32(g.ow).do('i32.mul');
    f.get(count)
      .times(group, g.ci * 4)
      .call(calls.patches);
    f.get(windows).set(from);
    f.i32(0).range(i, count, 1, () => {
      f.times(i, l.channels * 4)
        .get(windows)
        .do('i32.add')
        .set(from);
      f.times(i, columns * 4)
        .get(b)
        .do('i32.add')
        .set(to);
      scatterRow(f, from, to, l.panels, columns, stride);
    });
  };

  const packImage = () => {
    const [row, stop, width, strip] = f.locals(4);
    f.i32(inputPixels * columns * 4).set(stride);
    f.add(lines, -1).i32(g.sh).do('i32.mul').i32(g.kh).do('i32.add').set(stop);
    f.i32(l.inputWidth).set(width);
    f.i32(0).range(i, images, 1, () => {
      f.i32(0).range(y, stop, 1, () => {
        f.times(line0, g.sh).get(y).do('i32.add').i32(-g.pt).do('i32.add').set(row);
        f.i32(0).range(x, width, 1, () => {
          f.times(i, l.inputLines).get(y).do('i32.add').i32(l.inputWidth).do('i32.mul').get(x).do('i32.add');
          f.i32(columns * 4)
            .do('i32.mul')
            .get(b)
            .do('i32.add')
            .set(to);
          f.get(row).i32(g.h).do('i32.lt_u').add(x, -g.pl).i32(g.w).do('i32.lt_u', 'i32.and');
          f.when(
            () => {
              f.get(image0, i).do('i32.add').i32(g.h).do('i32.mul').get(row).do('i32.add');
              f.i32(g.w)
                .do('i32.mul')
                .add(x, -g.pl)
                .do('i32.add')
                .i32(g.c * 4)
                .do('i32.mul');
              f.times(group, g.ci * 4)
                .do('i32.add')
                .get(p)
                .memory('i32.load')
                .do('i32.add')
                .set(from);
              scatterRow(f, from, to, l.panels, columns, stride);
            },
            () => {
              f.count(strip, l.panels, () => {
                for (let k = 0; k < columns / 4; k++)
                  f.get(to)
                    .constant(0)
                    .memory('v128.store', 16 * k);
                f.get(to, stride).do('i32.add').set(to);
              });
            },
          );
        });
      });
    });
  };

  const multiply = () => {
    const [ky, kx, panel, strip, sums, t] = f.locals(6);
    const [kh, kw] = l.windows ? [1, 1] : [g.kh, g.kw];
    f.count(ky, kh, () => {
      f.count(kx, kw, () => {
        f.count(panel, l.panels, () => {
          f.times(panel, inputPixels).times(ky, l.inputWidth).do('i32.add').get(kx).do('i32.add');
          f.i32(columns * 4)
            .do('i32.mul')
            .get(b)
            .do('i32.add')
            .set(from);
          f.times(ky, kw).get(kx).do('i32.add').i32(l.panels).do('i32.mul').get(panel).do('i32.add');
          f.i32(rows * columns * 4)
            .do('i32.mul')
            .get(result)
            .do('i32.add')
            .set(sums);
          f.get(a).set(strip).get(tiles).set(t);
          f.repeat(() => {
            f.get(strip, from, sums, images, lines).i32(g.ow).call(micro);
            f.bump(strip, stripFloats * 4)
              .bump(sums, ofTile * 4)
              .add(t, -1)
              .tee(t);
          });
        });
      });
    });
  };

  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(l.rounds).do('i32.rem_u').i32(l.together).do('i32.mul').set(firstTile);
    f.get(item).i32(l.rounds).do('i32.div_u').i32(l.splits).do('i32.rem_u').set(split);
    f.get(item)
      .i32(l.rounds * l.splits)
      .do('i32.div_u')
      .set(group);
    f.i32(l.tiles).get(firstTile).do('i32.sub').set(tiles);
    least(tiles, l.together);
    f.times(group, l.splits).get(split).do('i32.add').i32(part).do('i32.mul');
    f.times(firstTile, ofTile).do('i32.add').i32(4).do('i32.mul');
    f.get(p).memory('i32.load', 12).do('i32.add').set(result);
    // Every tile starts from nothing.
    f.get(result).set(to).get(tiles).set(i);
    f.repeat(() => {
      zeroRun(f, to, ofTile);
      f.add(i, -1).tee(i);
    });
    f.times(split, l.blocks).i32(l.splits).do('i32.div_u').set(block);
    f.add(split, 1).i32(l.blocks).do('i32.mul').i32(l.splits).do('i32.div_u').set(last);
    f.get(block).range(block, last, 1, () => {
      f.get(block).i32(l.lineBlocks).do('i32.div_u').i32(l.images).do('i32.mul').set(image0);
      f.get(block).i32(l.lineBlocks).do('i32.rem_u').i32(l.lines).do('i32.mul').set(line0);
      f.i32(g.n).get(image0).do('i32.sub').set(images);
      least(images, l.images);
      f.i32(g.oh).get(line0).do('i32.sub').set(lines);
      least(lines, l.lines);
      packDy();
      if (l.windows) packWindows();
      else packImage();
      multiply();
    });
  });
  return {
    kernel: { f, items: groups * l.splits * l.rounds },
    perThread: perThread + 64,
    parts: groups * l.splits * part,
    combine: combineKernel(l, groups, perGroup, tile),
  };
};

/** Adds the splits, and puts the filters in order. Parameters: parts, filter gradient. Item: one filter. */
const combineKernel = (l: Layout, groups: number, perGroup: number, { rows, columns }: Tile): Kernel => {
  const { f, p, begin, end } = kernel();
  const [item, from, to, tap, panel] = f.locals(5);
  const ofTile = l.taps * l.panels * rows * columns;
  const between = l.tiles * ofTile * 4;
  const sum = f.local('v128');
  const lone = f.local('f32');
  /** One panel's row, `floats` of it. */
  const add = (floats: number) => {
    for (let k = 0; k < Math.floor(floats / 4); k++) {
      f.get(from)
        .memory('v128.load', 16 * k)
        .set(sum);
      for (let s = 1; s < l.splits; s++)
        f.get(sum)
          .get(from)
          .memory('v128.load', 16 * k + s * between)
          .do('f32x4.add')
          .set(sum);
      f.get(to, sum).memory('v128.store', 16 * k);
    }
    for (let k = floats - (floats % 4); k < floats; k++) {
      f.get(from)
        .memory('f32.load', 4 * k)
        .set(lone);
      for (let s = 1; s < l.splits; s++)
        f.get(lone)
          .get(from)
          .memory('f32.load', 4 * k + s * between)
          .do('f32.add')
          .set(lone);
      f.get(to, lone).memory('f32.store', 4 * k);
    }
    f.bump(to, floats * 4).bump(from, rows * columns * 4);
  };
  const whole = Math.floor(l.channels / columns);
  const rest = l.channels % columns;
  f.get(begin).range(item, end, 1, () => {
    f.get(p)
      .memory('i32.load', 4)
      .times(item, l.taps * l.channels * 4)
      .do('i32.add')
      .set(to);
    f.get(item)
      .i32(perGroup)
      .do('i32.div_u')
      .i32(l.splits * between)
      .do('i32.mul')
      .set(from);
    f.get(item).i32(perGroup).do('i32.rem_u').set(panel);
    f.get(panel)
      .i32(rows)
      .do('i32.div_u')
      .i32(ofTile * 4)
      .do('i32.mul')
      .get(from)
      .do('i32.add');
    f.get(panel)
      .i32(rows)
      .do('i32.rem_u')
      .i32(columns * 4)
      .do('i32.mul', 'i32.add');
    f.get(p).memory('i32.load').do('i32.add').set(from);
    f.count(tap, l.taps, () => {
      f.count(panel, whole, () => add(columns));
      if (rest > 0) add(rest);
    });
  });
  return { f, items: groups * perGroup };
};
