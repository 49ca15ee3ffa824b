/** Kernels between bytes and floats. */
import { Func } from '@gdarknet/tensor/emitter';
import { toBytes, vectors } from './words.ts';

/** widen(bytes, out, end): bytes to floats; `end` ends the bytes. */
export const widen = (): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [from, out, end] = [0, 1, 2];
  const [v] = vectors(f, 1);
  const half = (lanes: readonly [number, number, number, number]): Func =>
    f.get(v).fixed(0, 'i32').shuffle16(lanes[0], 8, lanes[1], 8, lanes[2], 8, lanes[3], 8).do('f32x4.convert_i32x4_s');
  f.get(from).range(from, end, 8, () => {
    f.get(from).memory('v128.load8x8_u').set(v).get(out);
    half([0, 1, 2, 3]).memory('v128.store').get(out);
    half([4, 5, 6, 7]).memory('v128.store', 16).bump(out, 32);
  });
  return f;
};

/** narrow(floats, out, end): to bytes, halves to even or up, at most 255; `end` ends the floats. */
export const narrow = (halves: 'even' | 'up'): Func => {
  const f = new Func(['i32', 'i32', 'i32']);
  const [from, out, end] = [0, 1, 2];
  const [a, b, c, d, low, high] = vectors(f, 6);
  f.get(from).range(from, end, 64, () => {
    for (const [k, part] of [a, b, c, d].entries()) {
      f.get(from).memory('v128.load', 16 * k);
      if (halves === 'even') f.do('f32x4.nearest');
      else f.fixed(0.5).do('f32x4.add', 'f32x4.floor');
      f.fixed(255).do('f32x4.pmin', 'i32x4.trunc_sat_f32x4_s').set(part);
    }
    f.get(out);
    toBytes(f, [a, b, c, d], [low, high]);
    f.memory('v128.store').bump(out, 16);
  });
  return f;
};
