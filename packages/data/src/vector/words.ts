/** Phrases that the vector kernels share. Each appends to a function being written; some leave a vector on its stack. */
import type { Func, Local } from '@gdarknet/tensor/emitter';

/** Numbers of channels that the kernels over interleaved pixels are made for. */
export const hasKernels = (channels: number): channels is 1 | 3 | 4 =>
  channels === 1 || channels === 3 || channels === 4;

export const vectors = (f: Func, count: number): Local[] => Array.from({ length: count }, () => f.local('v128'));

/** Four times the number in memory at a local's address. */
export const splat = (f: Func, from: Local, offset: number): Local => {
  const [l] = vectors(f, 1);
  f.get(from).memory('v128.load32_splat', offset).set(l);
  return l;
};

/** Samples of 16 bits: the even and the odd ones of two vectors. */
export const evenSamples = [0, 2, 4, 6, 8, 10, 12, 14] as const;
export const oddSamples = [1, 3, 5, 7, 9, 11, 13, 15] as const;

/** Four vectors of whole numbers 0..255 to one of bytes, on the stack. */
export const toBytes = (f: Func, parts: readonly [Local, Local, Local, Local], work: readonly [Local, Local]): void => {
  const [low, high] = work;
  f.get(parts[0], parts[1]).do('i16x8.narrow_i32x4_s').set(low);
  f.get(parts[2], parts[3]).do('i16x8.narrow_i32x4_s').set(high);
  f.get(low, high).shuffle16(...evenSamples);
  f.get(low, high)
    .shuffle16(...oddSamples)
    .shift('i32x4.shl', 8)
    .do('v128.or');
};

/** Four pixels of three bytes at an address, apart by channel, as floats. */
export const loadPixels = (f: Func, at: Local, channels: readonly Local[], work: readonly [Local, Local]): void => {
  const [first, second] = work;
  f.get(at).memory('v128.load8x8_u').set(first).get(at).memory('v128.load8x8_u', 4).set(second);
  // The first load holds bytes 0 to 7, the second 4 to 11.
  const lane = (byte: number): number => (byte < 8 ? byte : byte + 4);
  for (const [c, channel] of channels.entries()) {
    f.get(first, second).shuffle16(lane(c), 0, lane(3 + c), 0, lane(6 + c), 0, lane(9 + c), 0);
    f.fixed(0xffff, 'i32').do('v128.and', 'f32x4.convert_i32x4_s').set(channel);
  }
};

/** Stores four pixels of three bytes from whole floats 0..255; touches a byte more. */
export const storePixels = (f: Func, at: Local, [a, b, c]: readonly Local[], work: Local): void => {
  const whole = (l: Local): Func => f.get(l).do('i32x4.trunc_sat_f32x4_s');
  whole(a);
  whole(b).shift('i32x4.shl', 8).do('v128.or');
  whole(c).shift('i32x4.shl', 16).do('v128.or').set(work);
  for (const lane of [0, 1, 2, 3]) {
    f.get(at, work)
      .extract('i32', lane)
      .memory('i32.store', 3 * lane);
  }
};

/** Four pixels of three floats at an address, apart by channel. */
export const loadFloatPixels = (f: Func, at: Local, [r, g, b]: readonly Local[], work: readonly Local[]): void => {
  const [first, second, third] = work;
  for (const [i, l] of [first, second, third].entries())
    f.get(at)
      .memory('v128.load', 16 * i)
      .set(l);
  f.get(first, second).shuffle(0, 3, 6, 6).get(third).shuffle(0, 1, 2, 5).set(r);
  f.get(first, second).shuffle(1, 4, 7, 7).get(third).shuffle(0, 1, 2, 6).set(g);
  f.get(first, second).shuffle(2, 5, 5, 5).get(third).shuffle(0, 1, 4, 7).set(b);
};

/** Stores four pixels of three floats. */
export const storeFloatPixels = (
  f: Func,
  at: Local,
  [r, g, b]: readonly Local[],
  [low, high]: readonly [Local, Local],
): void => {
  f.get(r, g).shuffle(0, 4, 1, 5).set(low);
  f.get(r, g).shuffle(2, 6, 3, 7).set(high);
  f.get(at, low, b).shuffle(0, 1, 4, 2).memory('v128.store');
  f.get(at, low, b).shuffle(3, 5, 3, 5).get(high).shuffle(0, 1, 4, 5).memory('v128.store', 16);
  f.get(at, high, b).shuffle(6, 2, 3, 7).memory('v128.store', 32);
};
