import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startClock } from './clock.ts';
import { compare, type Expectation } from './comparison.ts';
import type { Contestant } from './contestants.ts';
import { sizesFor } from './networks.ts';
import { markdown, type Report, rowLines, withShares } from './report.ts';
import { type Measurement, measure, measureAll } from './speed.ts';

describe('compare', () => {
  const expected = Float32Array.of(1, -4, 2, 0.5);
  const largest: Expectation = { measure: 'largest', tolerance: 1e-3 };
  const norm: Expectation = { measure: 'norm', tolerance: 1e-3 };

  it.each([largest, norm])('passes what is off by less than the tolerance, %o', (expectation) => {
    const check = compare('x', Float32Array.of(1, -4.003, 2, 0.5), expected, expectation);
    expect(check.passed).toBe(true);
    expect(check.error).toBeCloseTo(expectation.measure === 'largest' ? 0.003 / 4 : 0.003 / Math.sqrt(21.25), 6);
  });

  it.each([largest, norm])('refuses one wrong value, and none where some were expected, %o', (expectation) => {
    const wrong = [
      [1, -4, 2.01, 0.5],
      [1, -4, 2, Number.NaN],
      [1, -4, 2, Number.POSITIVE_INFINITY],
      [1, -4, 2],
      [1, -4, 2, 0.5, 0],
    ];
    for (const found of wrong) expect(compare('x', found, expected, expectation).passed, `${found}`).toBe(false);
    expect(compare('x', [], [], expectation).passed).toBe(false);
  });

  it.each([largest, norm])('refuses the right values with the fault switched on, %o', (expectation) => {
    expect(compare('x', expected, expected, expectation)).toMatchObject({ passed: true, error: 0 });
    expect(compare('x', expected, expected, { ...expectation, fault: true }).passed).toBe(false);
  });
});

/** Takes so many milliseconds a call by its own account. */
const steady = (ms: number, calls: number[] = []): Contestant => ({
  run: async (n) => {
    calls.push(n);
    return { ms, enqueue: ms / 10 };
  },
  close: () => void calls.push(0),
});
const measurement = (over: Partial<Measurement> = {}): Measurement => ({
  name: 'net',
  precision: 'f32',
  flops: 6e9,
  ours: async () => steady(3),
  theirs: async () => steady(2),
  ...over,
});
const later = () => performance.now() + 60_000;

describe('measure', () => {
  it('gives medians, the ratio of ours by theirs, and rates', async () => {
    const row = await measure(measurement(), 5, later());
    expect(row).toMatchObject({ ours: 3, theirs: 2, ratio: 1.5, rounds: 5, unit: 'ms', notes: [], failed: false });
    expect(row.oursRate).toBeCloseTo(2000);
    expect(row.theirsRate).toBeCloseTo(3000);
    expect(row.enqueue).toBeCloseTo(0.3);
  });

  it('fills a window with calls, and closes both', async () => {
    const [mine, other]: [number[], number[]] = [[], []];
    const ours = async () => steady(10, mine);
    await measure(measurement({ ours, theirs: async () => steady(1000, other) }), 2, later());
    expect(mine).toEqual([1, 2, 15, 15, 0]);
    expect(other).toEqual([1, 2, 1, 1, 0]);
  });

  it('shows one column alone where the other cannot be had, and why', async () => {
    const row = await measure(measurement({ theirs: () => 'CUDA' }), 3, later());
    expect(row).toMatchObject({ ours: 3, theirs: null, ratio: null, notes: ['theirs not found: CUDA'], failed: false });
    expect(rowLines(withShares(row, []), 'theirs not found: CUDA')).toHaveLength(1);
    expect(rowLines(withShares(row, []))[1]).toContain('CUDA');
  });

  it('goes on without a side that ends with an error, and says so', async () => {
    let runs = 0;
    const ours = async (): Promise<Contestant> => ({
      run: async () => {
        if (++runs > 3) throw new Error('The device was lost\nat step 4');
        return { ms: 1 };
      },
      close: () => {},
    });
    const row = await measure(measurement({ ours }), 3, later());
    expect(row).toMatchObject({ ours: null, theirs: 2, failed: true, notes: ['ours not found: The device was lost'] });
  });

  it('cuts rounds when its time is over, and leaves out what no time is left for', async () => {
    const row = await measure(measurement(), 9, performance.now() - 1);
    expect(row).toMatchObject({ ours: 3, rounds: 1, notes: ['1 of 9 rounds: short of time (--budget)'] });
    let now = 0;
    const clock = startClock(10, () => now);
    now = 11_000;
    for await (const none of measureAll([measurement()], 9, clock)) {
      expect(none).toMatchObject({ ours: null, theirs: null, failed: false });
      expect(none.notes[0]).toContain('--budget');
    }
  });
});

describe('the clock', () => {
  it('shares what is left among the measurements to come', () => {
    let now = 1000;
    const clock = startClock(100, () => now);
    now = 21_000;
    expect([clock.spent(), clock.left()]).toEqual([20, 80]);
    expect(clock.deadline(4)).toBe(now + 20_000);
    expect(clock.deadline(1)).toBe(now + 80_000);
  });
});

describe('the table of the README', () => {
  it('has a row for everything that is measured on a card', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
    for (const { name, side, forward, training } of sizesFor(false).subjects) {
      const names = [
        ...forward.map((n) => `${name} forward, ${n} at ${side}`),
        ...training.map((n) => `${name} training step, ${n} at ${side}`),
      ];
      for (const row of names)
        for (const precision of ['f32', 'f16']) expect(readme).toContain(`| ${row} | ${precision} |`);
    }
  });

  it('has a row each, with shares of the best rate of its precision', async () => {
    const rows = [
      withShares(await measure(measurement(), 1, later()), [
        { name: 'product', precision: 'f32', ours: 1000, theirs: 4000 },
        { name: 'product', precision: 'f16', ours: null, theirs: 90_000 },
      ]),
    ];
    const machine = { adapter: { name: 'a card' }, peer: 'PyTorch 2' } as Report['machine'];
    const text = markdown({ machine, rows } as unknown as Report);
    expect(text).toContain('| net | f32 | 3.00 | 2.00 | 1.50 | 50.0 % | 75.0 % |');
    expect(text).toContain('a card');
  });
});
