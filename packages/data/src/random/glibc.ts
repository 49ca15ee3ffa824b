/** glibc's `srand` / `rand` (TYPE_3: an additive feedback generator of degree 31, separation 3). */
import type { Random } from './random.ts';

const degree = 31;
const separation = 3;
const discarded = 310;

/** The stream that a C program sees after `srand(seed)`. */
export const glibcRandom = (seed: number): Random => {
  const state = new Int32Array(degree);
  state[0] = seed >>> 0 === 0 ? 1 : seed;
  for (let i = 1; i < degree; i++) {
    // Schrage's form of 16807 * previous mod 2^31-1, with C's truncating division.
    const previous = state[i - 1];
    const high = Math.trunc(previous / 127773);
    const word = 16807 * (previous - high * 127773) - 2836 * high;
    state[i] = word < 0 ? word + 2147483647 : word;
  }
  let front = separation;
  let rear = 0;
  const next = (): number => {
    state[front] = (state[front] + state[rear]) | 0;
    const result = state[front] >>> 1;
    front = (front + 1) % degree;
    rear = (rear + 1) % degree;
    return result;
  };
  for (let i = 0; i < discarded; i++) next();
  return { next };
};
