/**
 * Which picture stands at which place of the training sequence: a pure function of the seed and the place, so that
 * any batch can be made by any worker, in any order, or first after a restart.
 */
import { counterRandom } from '../random/counter.ts';
import { below } from '../random/random.ts';

/** `replacement` draws every place anew, as the original; `epochs` shows every picture once before any comes again. */
export type Sampling = 'replacement' | 'epochs';

/** Each use of randomness has streams of its own. */
const salts = {
  pick: 0x70e1c5a1,
  epoch: 0x2c1b3c6d,
  augment: 0x297a2d39,
  size: 0x3ad8025f,
  modern: 0x51c8e749,
  partner: 0x6e05b1d3,
} as const;
const partnerStep = 0x9e3779b9;

/** A generator for one use and one place; `partner` counts the pictures mixed into it. */
export const streamOf = (seed: number, use: keyof typeof salts, place: number, partner = 0) =>
  counterRandom((seed ^ salts[use] ^ Math.imul(partner, partnerStep)) >>> 0, place);

const permutation = (seed: number, epoch: number, n: number): Uint32Array<ArrayBuffer> => {
  const random = streamOf(seed, 'epoch', epoch);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
};

/** Gives the picture for a place; asked again for the same place (the last one was unreadable), it gives others. */
export const picker = (sampling: Sampling, seed: number, length: number): ((place: number) => () => number) => {
  let epoch = -1;
  let order = new Uint32Array(0);
  return (place) => {
    const random = streamOf(seed, 'pick', place);
    const draw = (): number => below(random, length);
    if (sampling === 'replacement') return draw;
    let first = true;
    return () => {
      if (!first) return draw();
      first = false;
      const wanted = Math.trunc(place / length);
      if (wanted !== epoch) {
        epoch = wanted;
        order = permutation(seed, epoch, length);
      }
      return order[place % length];
    };
  };
};

/** Network sizes over the course of training (SPEC 7.6): a new square one every `every` batches, a multiple of 32. */
export type MultiScale = {
  readonly seed: number;
  /** The last batches, from here on, are all of the largest size. */
  readonly maxBatches: number;
  /** 10 in the original. */
  readonly every?: number;
  /** 320 and 608 in the original; multiples of 32. */
  readonly smallest?: number;
  readonly largest?: number;
};

const stride = 32;
const finalBatches = 200;

/** Side of the square input of batch `batch`, counted from 0. */
export const multiScaleSide = (options: MultiScale, batch: number): number => {
  const { seed, maxBatches, every = 10, smallest = 320, largest = 608 } = options;
  const first = Math.trunc(batch / every) * every;
  if (first + finalBatches > maxBatches) return largest;
  const steps = (largest - smallest) / stride + 1;
  return smallest + stride * below(streamOf(seed, 'size', first), steps);
};
