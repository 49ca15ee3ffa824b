/**
 * The augmentation's two inner loops as WebAssembly SIMD, bit for bit what `../opencv.ts` computes with tables. Rows lie
 * in planes (all reds, then greens, then blues), eight pixels at a time; `layout.ts` says where.
 */
import { Func, hostFunctions, type Local, ModuleWriter } from '@gdarknet/tensor/emitter';

/** Bytes of a column's entry: the offset of its left pixel, then two weights of 16 bits. */
export const columnBytes = 8;
/** Numbers the second loop takes in memory, float32 each, in this order. */
export const changeNames = ['shift', 'saturation', 'exposure'] as const;
export type Change = Readonly<Record<(typeof changeNames)[number], number>>;

/**
 * stretch(row, columns, out, end, plane): a row of bytes to planes of 16-bit samples, each a byte times 128. `end` is
 * where the columns' table ends, `plane` the bytes of a plane.
 */
const stretch = (): Func => {
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32']);
  const [row, at, out, end, plane] = [0, 1, 2, 3, 4];
  const pair = f.local('v128');
  const pixel = (k: number): void => {
    f.get(row, at)
      .memory('i32.load', k * columnBytes)
      .do('i32.add')
      .memory('v128.load8x8_u')
      .tee(pair)
      .get(pair);
    // r r', g g', b b' side by side, times their two weights.
    f.shuffle16(0, 3, 1, 4, 2, 5, 6, 7)
      .get(at)
      .memory('v128.load32_splat', k * columnBytes + 4);
    f.do('i32x4.dot_i16x8_s').shift('i32x4.shr_s', 4);
  };
  const quarters = [0, 1, 2, 3].map(() => f.local('v128'));
  const [redGreen, blue] = [0, 1].map(() => [0, 1].map(() => f.local('v128')));
  f.get(at).range(at, end, 8 * columnBytes, () => {
    for (const [k, quarter] of quarters.entries()) {
      pixel(2 * k);
      pixel(2 * k + 1);
      f.do('i16x8.narrow_i32x4_s').set(quarter);
    }
    for (const half of [0, 1]) {
      f.get(quarters[2 * half], quarters[2 * half + 1])
        .shuffle16(0, 4, 8, 12, 1, 5, 9, 13)
        .set(redGreen[half]);
      f.get(quarters[2 * half], quarters[2 * half + 1])
        .shuffle16(2, 6, 10, 14, 2, 6, 10, 14)
        .set(blue[half]);
    }
    f.get(out, redGreen[0], redGreen[1]).shuffle16(0, 1, 2, 3, 8, 9, 10, 11).memory('v128.store');
    f.get(out, plane).do('i32.add').get(redGreen[0], redGreen[1]).shuffle16(4, 5, 6, 7, 12, 13, 14, 15);
    f.memory('v128.store').get(out, plane, plane).do('i32.add', 'i32.add').get(blue[0], blue[1]);
    f.shuffle16(0, 1, 2, 3, 8, 9, 10, 11).memory('v128.store').bump(out, 16);
  });
  return f;
};

/** 1 / 255 in two parts, of which the first times a byte is exact: their products add up to the correctly rounded b / 255. */
export const shareHigh = Math.round(2 ** 23 / 255) / 2 ** 23;
export const shareLow = Math.fround(1 / 255 - shareHigh);

/** One statement a line: what the stack machine computes, written like the formulas of `../opencv.ts`. */
const distort = (wrap: boolean): Func => {
  // distort(upper, lower, weights, out, end, plane, change): `weights` holds the rows' two, `end` ends the upper row.
  const f = new Func(['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [upper, lower, weights, out, end, plane, change] = [0, 1, 2, 3, 4, 5, 6];
  const vector = (): Local => f.local('v128');
  const splat = (from: Local, offset: number): Local => {
    const l = vector();
    f.get(from).memory('v128.load32_splat', offset).set(l);
    return l;
  };
  const [weight0, weight1] = [splat(weights, 0), splat(weights, 4)];
  const [shift, saturation, exposure] = changeNames.map((_, i) => splat(change, 4 * i));
  const [r, g, b, value, d, x, red, green] = Array.from({ length: 8 }, vector);
  const [h, s, v, at, share, top, middle, low] = Array.from({ length: 8 }, vector);
  const two = 2;
  /** Two stretched rows to one of bytes, as floats. */
  const blend = (channel: number, to: Local): void => {
    for (const [row, weight] of [
      [upper, weight0],
      [lower, weight1],
    ]) {
      f.get(row);
      for (let k = 0; k < channel; k++) f.get(plane).do('i32.add');
      f.memory('v128.load16x4_u').get(weight).do('i32x4.dot_i16x8_s').shift('i32x4.shr_s', 16);
    }
    f.do('i32x4.add').fixed(two, 'i32').do('i32x4.add').shift('i32x4.shr_s', two);
    f.do('f32x4.convert_i32x4_s').set(to);
  };
  /** floor((n * round(scale / max(1, by)) + 2048) / 4096) with n on the stack; every step is exact below 2^24. */
  const divide = (scale: number, by: Local): void => {
    f.fixed(scale).get(by).fixed(1).do('f32x4.pmax', 'f32x4.div', 'f32x4.nearest', 'f32x4.mul');
    f.fixed(2048)
      .do('f32x4.add')
      .fixed(1 / 4096)
      .do('f32x4.mul', 'f32x4.floor');
  };
  /** Rounds what is on the stack, 0 or more, and ends it at 255. */
  const byte = (): void => {
    f.do('f32x4.nearest').fixed(255).do('f32x4.pmin');
  };
  /** The byte in `l` to b / 255. */
  const unit = (l: Local): void => {
    f.get(l).fixed(shareHigh).do('f32x4.mul').get(l).fixed(shareLow).do('f32x4.mul', 'f32x4.add').set(l);
  };
  const third = Math.fround(1 / 255);
  const hueStep = Math.fround(6 / 180);
  f.get(upper).range(upper, end, 8, () => {
    blend(0, r);
    blend(1, g);
    blend(2, b);
    f.get(r, g).do('f32x4.pmax').get(b).do('f32x4.pmax').tee(value);
    f.get(r, g).do('f32x4.pmin').get(b).do('f32x4.pmin', 'f32x4.sub').set(d);
    // x = value == r ? g - b : value == g ? b - r + 2 d : r - g + 4 d
    f.get(g, b).do('f32x4.sub');
    f.get(b, r).do('f32x4.sub').get(d, d).do('f32x4.add', 'f32x4.add');
    f.get(r, g).do('f32x4.sub').get(d).fixed(4).do('f32x4.mul', 'f32x4.add');
    f.get(value, g).do('f32x4.eq', 'v128.bitselect').get(value, r).do('f32x4.eq', 'v128.bitselect').tee(x);
    divide(122880, d);
    f.tee(h).fixed(180).get(h).fixed(0).do('f32x4.lt', 'v128.and', 'f32x4.add').get(shift).do('f32x4.add').tee(h);
    if (wrap) f.fixed(180).get(h).fixed(180).do('f32x4.ge', 'v128.and', 'f32x4.sub').set(h);
    else f.fixed(0).do('f32x4.pmax').fixed(255).do('f32x4.pmin').set(h);
    f.get(d);
    divide(1044480, value);
    f.get(saturation).do('f32x4.mul');
    byte();
    f.fixed(third).do('f32x4.mul').set(s);
    f.get(value, exposure).do('f32x4.mul');
    byte();
    f.tee(top).fixed(third).do('f32x4.mul').set(v);
    // The place on the circle of 6, and how far from the middle channel's next peak: 1 - f in even sectors, f in odd ones.
    f.get(h).fixed(hueStep).do('f32x4.mul').tee(at);
    if (!wrap) f.fixed(6).get(at).fixed(6).do('f32x4.ge', 'v128.and', 'f32x4.sub').tee(at);
    f.get(at).fixed(0.5).do('f32x4.mul', 'f32x4.floor').tee(x).get(x).do('f32x4.add', 'f32x4.sub').set(x);
    f.fixed(1).get(x).do('f32x4.sub', 'f32x4.abs').set(share);
    f.get(v).fixed(1).get(s).do('f32x4.sub', 'f32x4.mul').fixed(255).do('f32x4.mul', 'f32x4.nearest').set(low);
    f.get(v).fixed(1).get(s, share).do('f32x4.mul', 'f32x4.sub', 'f32x4.mul').fixed(255);
    f.do('f32x4.mul', 'f32x4.nearest').set(middle);
    for (const l of [top, middle, low]) unit(l);
    // A channel is strongest in the two sectors round its own and middling in the two beside these. Where sectors meet, the
    // middle is one of its neighbours, so that either side of a comparison does; and low <= middle <= top.
    const select = (centre: number, compare: 'f32x4.lt' | 'f32x4.gt', outer: number, inner: number): void => {
      f.get(low, middle, at).fixed(centre).do('f32x4.sub', 'f32x4.abs').tee(x).fixed(outer).do(compare, 'v128.and');
      f.do('f32x4.pmax').get(top, x).fixed(inner).do(compare, 'v128.and', 'f32x4.pmax');
    };
    select(3, 'f32x4.gt', 1, 2);
    f.set(red);
    select(2, 'f32x4.lt', 2, 1);
    f.set(green);
    select(4, 'f32x4.lt', 2, 1);
    f.set(b);
    f.get(red, green).shuffle(0, 4, 1, 5).set(x);
    f.get(red, green).shuffle(2, 6, 3, 7).set(h);
    f.get(out, x, b).shuffle(0, 1, 4, 2).memory('v128.store');
    f.get(out, x, b).shuffle(3, 5, 3, 5).get(h).shuffle(0, 1, 4, 5).memory('v128.store', 16);
    f.get(out, h, b).shuffle(6, 2, 3, 7).memory('v128.store', 32);
    f.bump(out, 48).bump(lower, 8);
  });
  return f;
};

export type Kernels = {
  readonly stretch: (row: number, columns: number, out: number, end: number, plane: number) => void;
  /** By what hue does at its end: go round, or stop. */
  readonly wrap: Distort;
  readonly saturate: Distort;
};

type Distort = (
  ...at: readonly [
    upper: number,
    lower: number,
    weights: number,
    out: number,
    end: number,
    plane: number,
    change: number,
  ]
) => void;

/** Throws a WebAssembly.CompileError where SIMD is missing. */
export const compileKernels = (memory: WebAssembly.Memory): Kernels => {
  const writer = new ModuleWriter();
  const names = [stretch(), distort(true), distort(false)].map((f) => `f${writer.add(f)}`);
  const host = { memory, ...Object.fromEntries(hostFunctions.map((name) => [name, Math[name]])) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(writer.encode(false)), { host });
  const [first, wrap, saturate] = names.map((name) => exports[name]);
  return { stretch: first as Kernels['stretch'], wrap: wrap as Distort, saturate: saturate as Distort };
};
