/**
 * Gradient of a convolution to its filter: for every tap the product dyᵀ x over all output pixels. A block of output pixels
 * is packed once, dy in strips of as many filters as a tile has rows, x in strips of as many channels as it has columns,
 * with the borders of the image as zeros, so that every tap reads the same strips from another start. The sums of a tile
 * stay in registers over the whole block.
 */
import { type Calls, type ConvPlan, own, up } from './blocks.ts';
import type { Func, Local } from './emitter.ts';
import { combineKernel, tileFunction } from './filter-kernels.ts';
import { layoutOf } from './filter-layout.ts';
import type { Tile } from './gemm.ts';
import { type Kernel, kernel } from './map.ts';
import { type Geometry, zeroRun } from './patches.ts';

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
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it writes one kernel, in the order in which it runs
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
