/** Moving image windows and filters into the order that the matrix kernel reads. */
import { Func, type Local } from './emitter.ts';
import { type Kernel, kernel } from './map.ts';

/** A window sliding over images `[n, h, w, c]`; `ci` of the channels belong to one group. */
export type Geometry = {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly ci: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly pt: number;
  readonly pl: number;
  readonly oh: number;
  readonly ow: number;
};

export const rowsOf = ({ n, oh, ow }: Geometry): number => n * oh * ow;
export const depthOf = ({ kh, kw, ci }: Geometry): number => kh * kw * ci;
/** Every window is one pixel, and every pixel a window: the image is the matrix. */
export const isMatrix = (g: Geometry): boolean =>
  g.kh === 1 &&
  g.kw === 1 &&
  g.sh === 1 &&
  g.sw === 1 &&
  g.pt === 0 &&
  g.pl === 0 &&
  g.ci === g.c &&
  g.oh === g.h &&
  g.ow === g.w;

/**
 * Writes `count` floats in whole vectors: up to 3 floats beyond the end are overwritten, which whoever writes upwards sets
 * right with what follows. `value` puts 16 bytes on the stack for a byte offset, `step` moves on by so many bytes.
 */
const write = (
  f: Func,
  to: Local,
  count: number,
  value: (offset: number) => void,
  step: (bytes: number) => void,
): void => {
  const vectors = Math.ceil(count / 4);
  const loops = vectors > 16 ? Math.floor(vectors / 4) : 0;
  const some = (amount: number) => {
    for (let i = 0; i < amount; i++) {
      f.get(to);
      value(16 * i);
      f.memory('v128.store', 16 * i);
    }
  };
  const i = f.local();
  f.count(i, loops, () => {
    some(4);
    f.bump(to, 64);
    step(64);
  });
  some(vectors - 4 * loops);
  f.bump(to, (count - 16 * loops) * 4);
};

const writeZeros = (f: Func, to: Local, count: number): void => {
  write(
    f,
    to,
    count,
    () => f.constant(0),
    () => {},
  );
};

/** `from` is lost. */
const writeCopy = (f: Func, to: Local, from: Local, count: number): void => {
  write(
    f,
    to,
    count,
    (offset) => f.get(from).memory('v128.load', offset),
    (bytes) => f.bump(from, bytes),
  );
};

/** (image, to, first row, rows, byte offset of the group's channels): one window a row, zeros outside the image. */
export const patchesFunction = (g: Geometry): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [image, to, first, rows, channels] = [0, 1, 2, 3, 4];
  const [r, i, j, b, x0, y0, y, x, base, from, ky, kx] = f.locals(12);
  const line = g.w * g.c * 4;
  /** Puts the address of a row of the image on the stack. */
  const rowAt = (row: Local) =>
    f.times(b, g.h).get(row).do('i32.add').i32(line).do('i32.mul').get(image).do('i32.add').get(channels).do('i32.add');
  /** One row of a window that begins at `from`, which is lost. */
  const copyRow = () => {
    if (g.ci === g.c) writeCopy(f, to, from, g.kw * g.c);
    else
      f.count(kx, g.kw, () => {
        f.get(from).set(x);
        writeCopy(f, to, x, g.ci);
        f.bump(from, g.c * 4);
      });
  };
  const inside = () => {
    rowAt(y0)
      .times(x0, g.c * 4)
      .do('i32.add')
      .set(base);
    f.count(ky, g.kh, () => {
      f.get(base).set(from);
      copyRow();
      f.bump(base, line);
    });
  };
  const across = () => {
    f.count(ky, g.kh, () => {
      f.get(y0, ky).do('i32.add').tee(y).i32(g.h).do('i32.lt_u');
      f.when(
        () => {
          rowAt(y).set(base);
          f.count(kx, g.kw, () => {
            f.get(x0, kx).do('i32.add').tee(x).i32(g.w).do('i32.lt_u');
            f.when(
              () => {
                f.times(x, g.c * 4)
                  .get(base)
                  .do('i32.add')
                  .set(from);
                writeCopy(f, to, from, g.ci);
              },
              () => writeZeros(f, to, g.ci),
            );
          });
        },
        () => writeZeros(f, to, g.kw * g.ci),
      );
    });
  };
  f.get(first).i32(g.ow).do('i32.rem_u').set(j);
  f.get(first).i32(g.ow).do('i32.div_u').tee(b).i32(g.oh).do('i32.rem_u').set(i);
  f.get(b).i32(g.oh).do('i32.div_u').set(b);
  f.times(j, g.sw).i32(-g.pl).do('i32.add').set(x0);
  f.times(i, g.sh).i32(-g.pt).do('i32.add').set(y0);
  f.i32(0).range(r, rows, 1, () => {
    f.get(y0)
      .i32(Math.max(0, g.h - g.kh + 1))
      .do('i32.lt_u');
    f.get(x0)
      .i32(Math.max(0, g.w - g.kw + 1))
      .do('i32.lt_u', 'i32.and')
      .when(inside, across);
    f.bump(x0, g.sw).add(j, 1).tee(j).i32(g.ow).do('i32.ge_s');
    f.when(() => {
      f.i32(0).set(j).i32(-g.pl).set(x0);
      f.bump(y0, g.sh).add(i, 1).tee(i).i32(g.oh).do('i32.ge_s');
      f.when(() => f.i32(0).set(i).i32(-g.pt).set(y0).bump(b, 1));
    });
  });
  return f;
};

/** Where element (tap, channel, column) of a group's matrix lies in the filter, in floats. */
export type FilterOrder = {
  readonly groups: number;
  readonly taps: number;
  readonly channels: number;
  readonly columns: number;
  readonly groupStride: number;
  readonly tapStride: number;
  readonly channelStride: number;
  readonly columnStride: number;
  readonly offset: number;
};

/**
 * Parameters: filter, panels. Item: one panel `[taps * channels, width]` of one group, or several of them where columns lie
 * side by side: a row is then read in longer pieces, from fewer pages of memory.
 */
export const packKernel = (o: FilterOrder, width: number): { readonly kernel: Kernel; readonly floats: number } => {
  const { f, p, begin, end } = kernel();
  const together = o.columnStride === 1 ? ([4, 2].find((n) => o.columns % (n * width) === 0) ?? 1) : 1;
  const panels = Math.ceil(o.columns / width) / together;
  const size = o.taps * o.channels * width * 4;
  const [item, group, panel, first, src, to, tap, channel, have, j] = Array.from({ length: 10 }, () => f.local());
  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(panels).do('i32.div_u').set(group);
    f.get(item).i32(panels).do('i32.rem_u').set(panel);
    f.get(p)
      .memory('i32.load', 4)
      .times(item, size * together)
      .do('i32.add')
      .set(to);
    f.get(p)
      .memory('i32.load')
      .i32(o.offset * 4)
      .do('i32.add');
    f.times(group, o.groupStride * 4)
      .do('i32.add')
      .times(panel, width * together * o.columnStride * 4)
      .do('i32.add')
      .set(first);
    f.i32(o.columns)
      .times(panel, width * together)
      .do('i32.sub')
      .set(have);
    f.count(tap, o.taps, () => {
      f.times(tap, o.tapStride * 4)
        .get(first)
        .do('i32.add')
        .set(src);
      f.count(channel, o.channels, () => {
        f.get(have)
          .i32(width)
          .do('i32.ge_s')
          .when(
            () => {
              if (o.columnStride === 1) {
                for (let n = 0; n < together; n++)
                  for (let k = 0; k < width; k += 4)
                    f.get(to, src)
                      .memory('v128.load', 4 * (n * width + k))
                      .memory('v128.store', n * size + 4 * k);
              } else {
                for (let k = 0; k < width; k++) {
                  f.get(to, src)
                    .memory('f32.load', k * o.columnStride * 4)
                    .memory('f32.store', 4 * k);
                }
              }
              f.bump(to, width * 4);
            },
            () => {
              f.count(j, width, () => {
                f.get(to);
                f.f32(0)
                  .get(src)
                  .times(j, o.columnStride * 4)
                  .do('i32.add')
                  .memory('f32.load');
                f.get(have, j).do('i32.sub').i32(1).do('i32.lt_s', 'select').memory('f32.store').bump(to, 4);
              });
            },
          );
        f.bump(src, o.channelStride * 4);
      });
    });
  });
  return { kernel: { f, items: o.groups * panels }, floats: (o.groups * panels * together * size) / 4 };
};

/** Adds `count` floats at `from` to those at `to`; both are lost. */
export const addRun = (f: Func, to: Local, from: Local, count: number): void => {
  const i = f.local();
  const whole = Math.floor(count / 4);
  f.count(i, whole, () => {
    f.get(to).get(to).memory('v128.load').get(from).memory('v128.load').do('f32x4.add').memory('v128.store');
    f.bump(to, 16).bump(from, 16);
  });
  for (let k = 0; k < count % 4; k++) {
    f.get(to)
      .get(to)
      .memory('f32.load', 4 * k)
      .get(from)
      .memory('f32.load', 4 * k)
      .do('f32.add')
      .memory('f32.store', 4 * k);
  }
};

/** Sets `count` floats from `at` on to zero; `at` is lost. */
export const zeroRun = (f: Func, at: Local, count: number): void => {
  const i = f.local();
  f.count(i, Math.floor(count / 4), () => {
    f.get(at).constant(0).memory('v128.store').bump(at, 16);
  });
  for (let k = 0; k < count % 4; k++)
    f.get(at)
      .f32(0)
      .memory('f32.store', 4 * k);
};
