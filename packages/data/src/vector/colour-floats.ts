/**
 * OpenCV's conversion of HSV to RGB in floats (`../opencv/hsv.ts`) in vectors, four pixels at a time, bit for bit. The
 * other way multiplies and adds with one rounding, for which vectors have no instruction that is the same everywhere.
 */
import { Func, type Local } from '@gdarknet/tensor/emitter';
import { kernelsOnDemand, layOut } from './arena.ts';
import { loadFloatPixels, storeFloatPixels, vectors } from './words.ts';

const pixelsBytes = 4 * 12;

/** fromHsv(from, out, end): `end` ends the source. */
const fromHsv = (order: 'rgb' | 'bgr'): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [from, out, end] = [0, 1, 2];
  const [h, s, v, sector, part, p, q, t, r, g, b, x, y, z] = vectors(f, 14);
  /** What stands in each of the six sectors. */
  const choose = (sectors: readonly Local[], to: Local): void => {
    f.get(sectors[0]).set(to);
    for (const [i, l] of sectors.entries()) {
      if (i > 0) f.get(l, to, sector).fixed(i).do('f32x4.eq', 'v128.bitselect').set(to);
    }
  };
  const less = (share: () => void, to: Local): void => {
    f.get(v).fixed(1);
    share();
    f.do('f32x4.sub', 'f32x4.mul').set(to);
  };
  f.get(from).range(from, end, pixelsBytes, () => {
    loadFloatPixels(f, from, [h, s, v], [x, y, z]);
    f.get(h)
      .fixed(Math.fround(6 / 360))
      .do('f32x4.mul')
      .set(h);
    f.get(h).do('f32x4.floor').set(sector);
    f.get(h, sector).do('f32x4.sub').set(part);
    f.get(sector, sector).fixed(6).do('f32x4.div', 'f32x4.floor').fixed(6).do('f32x4.mul', 'f32x4.sub').set(sector);
    less(() => f.get(s), p);
    less(() => f.get(s, part).do('f32x4.mul'), q);
    less(() => f.get(s).fixed(1).get(part).do('f32x4.sub', 'f32x4.mul'), t);
    choose([v, q, p, p, t, v], r);
    choose([t, v, v, q, p, p], g);
    choose([p, p, t, v, v, q], b);
    storeFloatPixels(f, out, order === 'rgb' ? [r, g, b] : [b, g, r], [x, y]);
    f.bump(out, pixelsBytes);
  });
  return f;
};

const kernels = kernelsOnDemand(() => ({ 'hsv to rgb': fromHsv('rgb'), 'hsv to bgr': fromHsv('bgr') }));

/** Pixels of three floats converted. False where nothing was done: no SIMD, or too large for the memory. */
export const convertFloatVectors = (
  data: Float32Array,
  out: Float32Array,
  conversion: 'hsv to rgb' | 'hsv to bgr',
): boolean => {
  const compiled = kernels();
  const layout = layOut([data.byteLength, data.byteLength]);
  if (compiled === undefined || layout === undefined) return false;
  const [from, to] = layout.at;
  new Float32Array(layout.heap, from).set(data);
  compiled[conversion](from, to, from + data.byteLength);
  out.set(new Float32Array(layout.heap, to, data.length));
  return true;
};
