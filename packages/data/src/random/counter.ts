/**
 * A counter-based generator: Philox2x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A stream is a pure function of (seed, stream), so that what image 17 of batch 4 draws does not depend on who drew
 * before it, nor on how many workers there are.
 */
import type { Random } from './random.ts';

const multiplier = 0xd256d193;
const weyl = 0x9e3779b9;
const rounds = 10;

/** The upper 32 bits of a 32 x 32 bit product. */
const multiplyHigh = (a: number, b: number): number => {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
};

/** One block: two 32-bit words for a counter of two words and a key. */
export const philox2x32 = (counter0: number, counter1: number, key: number): readonly [number, number] => {
  let [x0, x1, k] = [counter0 >>> 0, counter1 >>> 0, key >>> 0];
  for (let round = 0; round < rounds; round++) {
    const high = multiplyHigh(multiplier, x0);
    const low = Math.imul(multiplier, x0) >>> 0;
    [x0, x1] = [(high ^ k ^ x1) >>> 0, low];
    k = (k + weyl) >>> 0;
  }
  return [x0, x1];
};

/** Whole numbers 0..2^31-1 of the given stream; `seed` and `stream` are taken modulo 2^32. */
export const counterRandom = (seed: number, stream: number): Random => {
  let block = 0;
  let spare: number | undefined;
  return {
    next: () => {
      if (spare !== undefined) {
        const word = spare;
        spare = undefined;
        return word >>> 1;
      }
      const [first, second] = philox2x32(block++, stream, seed);
      spare = second;
      return first >>> 1;
    },
  };
};
