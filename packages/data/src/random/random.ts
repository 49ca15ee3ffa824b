/**
 * The one kind of randomness that augmentation draws from: whole numbers 0..2^31-1, as C's `rand()` of glibc gives
 * them. `glibcRandom` replays the original; `counterRandom` is the default.
 */
export type Random = {
  /** The next whole number, 0..2147483647. */
  readonly next: () => number;
};

/** glibc's RAND_MAX, which in the original's float32 division becomes 2^31. */
const divisor = 2147483648;

/** The original's `rand_uniform` in float32: bounds may be swapped, the upper one is reachable. */
export const uniform = (random: Random, a: number, b: number): number => {
  const low = Math.fround(Math.min(a, b));
  const high = Math.fround(Math.max(a, b));
  return Math.fround(Math.fround(Math.fround(Math.fround(random.next()) / divisor) * Math.fround(high - low)) + low);
};

/** The original's `rand_scale`: `U(1, s)` or, on an even second draw, its reciprocal. Two draws. */
export const scale = (random: Random, s: number): number => {
  const v = uniform(random, 1, s);
  return random.next() % 2 === 1 ? v : Math.fround(1 / v);
};

/** A whole number 0..n-1, by remainder as the original does. */
export const below = (random: Random, n: number): number => random.next() % n;
