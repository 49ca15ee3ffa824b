import { describe, expect, it } from 'vitest';
import { multiScaleSide, picker } from './sampling.ts';

describe('sampling', () => {
  it('with replacement draws every picture about equally often', () => {
    const pick = picker('replacement', 1, 10);
    const counts = new Array<number>(10).fill(0);
    for (let place = 0; place < 10_000; place++) counts[pick(place)()]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });

  it('changes the network size as the original: every 10 batches, 320 to 608, the last 200 at 608', () => {
    const side = (batch: number) => multiScaleSide({ seed: 1, maxBatches: 10_000 }, batch);
    const sides = Array.from({ length: 9_800 }, (_, i) => side(i));
    expect(new Set(sides)).toEqual(new Set(Array.from({ length: 10 }, (_, i) => 320 + 32 * i)));
    for (let i = 0; i < 9_800; i += 10) expect(new Set(sides.slice(i, i + 10)).size).toBe(1);
    expect([side(9_810), side(9_999)]).toEqual([608, 608]);
  });
});
