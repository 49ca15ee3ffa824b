/**
 * RGB to hue, saturation, value and back as OpenCV's 8-bit and float conversions (SPEC-AUGMENT 5). Eight bits: hue in
 * units of 2 degrees, 0..179. Floats: hue in degrees 0..360, the rest 0..1.
 */
import { type Raster, rasterLike, roundHalfEven, type Samples } from '../raster/raster.ts';
import { type Conversion, convertVectors } from '../vector/colour.ts';
import { convertFloatVectors } from '../vector/colour-floats.ts';

/** Where red lies among the three channels. */
export type ChannelOrder = 'rgb' | 'bgr';

const shift = 12;
const half = 1 << (shift - 1);

/** 4096 times 255 / v and 30 / v (180 / 6), rounded, for the divisions of the 8-bit conversion. */
export const saturationDivisor: Int32Array = Int32Array.from({ length: 256 }, (_, v) =>
  v === 0 ? 0 : roundHalfEven((255 << shift) / v),
);
export const hueDivisor: Int32Array = Int32Array.from({ length: 256 }, (_, v) =>
  v === 0 ? 0 : roundHalfEven((180 << shift) / (6 * v)),
);

const f32 = Math.fround;

/** For each 8-bit hue its sector 0..5 and the position within it; hues of 180 and more go round. */
export const hueSector: Uint8Array = Uint8Array.from({ length: 256 }, (_, h) => Math.floor(f32(h * f32(6 / 180))) % 6);
export const hueFraction: Float32Array = Float32Array.from({ length: 256 }, (_, h) => {
  const at = f32(h * f32(6 / 180));
  return at - Math.floor(at);
});
/** A byte times the float32 1/255, which is not quite the byte divided by 255. */
export const byteShare: Float32Array = Float32Array.from({ length: 256 }, (_, v) => v * f32(1 / 255));

const redOf = (order: ChannelOrder): 0 | 2 => (order === 'rgb' ? 0 : 2);

/** `toHsvBytes` in plain TypeScript: the reference of the vectors. */
export const toHsvBytesPlain = (source: Raster<Uint8Array>, order: ChannelOrder): Raster<Uint8Array> => {
  const out = rasterLike(source, source.width, source.height);
  const { data } = source;
  const red = redOf(order);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i + red], data[i + 1], data[i + 2 - red]];
    const v = Math.max(r, g, b);
    const d = v - Math.min(r, g, b);
    const x = v === r ? g - b : v === g ? b - r + 2 * d : r - g + 4 * d;
    const h = (x * hueDivisor[d] + half) >> shift;
    out.data[i] = h < 0 ? h + 180 : h;
    out.data[i + 1] = (d * saturationDivisor[v] + half) >> shift;
    out.data[i + 2] = v;
  }
  return out;
};

/** Which of value, p, q, t (0..3) is red, green and blue in each sector. */
const sectorChannels: readonly (readonly [number, number, number])[] = [
  [0, 3, 1],
  [2, 0, 1],
  [1, 0, 3],
  [1, 2, 0],
  [3, 1, 0],
  [0, 1, 2],
];

/** `fromHsvBytes` in plain TypeScript. */
export const fromHsvBytesPlain = (source: Raster<Uint8Array>, order: ChannelOrder): Raster<Uint8Array> => {
  const out = rasterLike(source, source.width, source.height);
  const { data } = source;
  const red = redOf(order);
  const values = new Float32Array(4);
  for (let i = 0; i < data.length; i += 3) {
    const h = data[i];
    const s = byteShare[data[i + 1]];
    const v = byteShare[data[i + 2]];
    const f = hueFraction[h];
    values[0] = v;
    values[1] = v * f32(1 - s);
    values[2] = v * f32(1 - f32(s * f));
    values[3] = v * f32(1 - f32(s * f32(1 - f)));
    const [r, g, b] = sectorChannels[hueSector[h]];
    out.data[i + red] = roundHalfEven(f32(values[r] * 255));
    out.data[i + 1] = roundHalfEven(f32(values[g] * 255));
    out.data[i + 2 - red] = roundHalfEven(f32(values[b] * 255));
  }
  return out;
};

const epsilon = f32(1.1920929e-7);

/** To 3.1e-5 degrees and 1.2e-7. */
export const toHsvFloats = (source: Raster<Float32Array>, order: ChannelOrder): Raster<Float32Array> => {
  const out = rasterLike(source, source.width, source.height);
  const { data } = source;
  const red = redOf(order);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i + red], data[i + 1], data[i + 2 - red]];
    const v = Math.max(r, g, b);
    const d = f32(v - Math.min(r, g, b));
    const unit = f32(60 / f32(d + epsilon));
    const h = v === r ? f32(g - b) * unit : v === g ? f32(b - r) * unit + 120 : f32(r - g) * unit + 240;
    out.data[i] = h < 0 ? h + 360 : h;
    out.data[i + 1] = d / f32(Math.abs(v) + epsilon);
    out.data[i + 2] = v;
  }
  return out;
};

/** `fromHsvFloats` in plain TypeScript. */
export const fromHsvFloatsPlain = (source: Raster<Float32Array>, order: ChannelOrder): Raster<Float32Array> => {
  const out = rasterLike(source, source.width, source.height);
  const { data } = source;
  const red = redOf(order);
  const values = new Float32Array(4);
  for (let i = 0; i < data.length; i += 3) {
    const at = f32(data[i] * f32(6 / 360));
    const sector = Math.floor(at);
    const f = f32(at - sector);
    const [s, v] = [data[i + 1], data[i + 2]];
    values[0] = v;
    values[1] = v * f32(1 - s);
    values[2] = v * f32(1 - f32(s * f));
    values[3] = v * f32(1 - f32(s * f32(1 - f)));
    const [r, g, b] = sectorChannels[((sector % 6) + 6) % 6];
    out.data[i + red] = values[r];
    out.data[i + 1] = values[g];
    out.data[i + 2 - red] = values[b];
  }
  return out;
};

type Convert<D extends Samples> = (source: Raster<D>, order: ChannelOrder) => Raster<D>;

const inVectors =
  <D extends Samples, C extends Conversion>(
    plain: Convert<D>,
    vectors: (data: D, out: D, conversion: C) => boolean,
    conversion: (order: ChannelOrder) => C,
  ): Convert<D> =>
  (source, order) => {
    const out = rasterLike(source, source.width, source.height);
    return vectors(source.data, out.data, conversion(order)) ? out : plain(source, order);
  };

const toHsv = (order: ChannelOrder) => `${order} to hsv` as const;
const fromHsv = (order: ChannelOrder) => `hsv to ${order}` as const;

/** Exact. */
export const toHsvBytes = inVectors(toHsvBytesPlain, convertVectors, toHsv);

/** Halves to even everywhere, as OpenCV's scalar code; its vector code truncates most pixels (SPEC-AUGMENT 5). */
export const fromHsvBytes = inVectors(fromHsvBytesPlain, convertVectors, fromHsv);

/** To 6e-8. Hue must not be negative; 360 and more go round. */
export const fromHsvFloats = inVectors(fromHsvFloatsPlain, convertFloatVectors, fromHsv);
