import { describe, expect, it } from 'vitest';
import { fixture } from '../testing/fixture.ts';
import { counterRandom, philox2x32 } from './counter.ts';
import { glibcRandom } from './glibc.ts';
import { scale, uniform } from './random.ts';

const take = (n: number, draw: () => number): number[] => Array.from({ length: n }, draw);

describe('glibcRandom', () => {
  it('starts as the well-known stream of srand(1)', () => {
    expect(take(4, glibcRandom(1).next)).toEqual([1804289383, 846930886, 1681692777, 1714636915]);
    expect(take(4, glibcRandom(0).next)).toEqual([1804289383, 846930886, 1681692777, 1714636915]);
  });
});

type Golden = {
  streams: Record<string, number[]>;
  rand_uniform_0_1_seed0: number[];
  rand_scale_1p5_seed0: number[];
};

describe('the streams of glibc', () => {
  const golden = fixture<Golden>('glibc_rand.json');
  it.each(Object.entries(golden.streams))('srand(%s)', (seed, stream) => {
    expect(take(stream.length, glibcRandom(Number(seed)).next)).toEqual(stream);
  });

  it('uniform and scale give the same float32 numbers', () => {
    const [u, s] = [glibcRandom(0), glibcRandom(0)];
    const rounded = (values: number[]) => values.map(Math.fround);
    const { rand_uniform_0_1_seed0: uniforms, rand_scale_1p5_seed0: scales } = golden;
    expect(take(uniforms.length, () => uniform(u, 0, 1))).toEqual(rounded(uniforms));
    expect(take(scales.length, () => scale(s, 1.5))).toEqual(rounded(scales));
  });
});

describe('philox2x32', () => {
  // The known answers published with Random123.
  it.each([
    [0, 0, 0, 0xff1dae59, 0x6cd10df2],
    [0xffffffff, 0xffffffff, 0xffffffff, 0x2c3f628b, 0xab4fd7ad],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0xdd7ce038, 0xf62a4c12],
  ])('(%i, %i, %i)', (c0, c1, key, r0, r1) => {
    expect(philox2x32(c0, c1, key)).toEqual([r0, r1]);
  });
});

describe('counterRandom', () => {
  it('gives each (seed, stream) its own repeatable numbers', () => {
    const of = (seed: number, stream: number) => take(50, counterRandom(seed, stream).next);
    expect(of(1, 2)).toEqual(of(1, 2));
    expect(of(1, 2)).not.toEqual(of(1, 3));
    expect(of(1, 2)).not.toEqual(of(2, 2));
  });

  it('is spread evenly over 0..2^31-1', () => {
    const counts = new Array<number>(16).fill(0);
    const n = 64000;
    const random = counterRandom(5, 7);
    for (let i = 0; i < n; i++) counts[random.next() >>> 27]++;
    const chiSquare = counts.reduce((sum, c) => sum + (c - n / 16) ** 2 / (n / 16), 0);
    expect(chiSquare).toBeLessThan(37.7); // p = 0.001 at 15 degrees of freedom
  });
});

describe('uniform and scale', () => {
  it('are float32 and keep to their bounds', () => {
    const random = counterRandom(1, 1);
    for (let i = 0; i < 1000; i++) {
      const u = uniform(random, 3, -2);
      expect(u).toBe(Math.fround(u));
      expect(u >= -2 && u <= 3).toBe(true);
      const s = scale(random, 1.5);
      expect(s >= Math.fround(1 / 1.5) && s <= 1.5).toBe(true);
    }
  });
});
