import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Policy, rateAt, type Schedule } from './rate.ts';

type Golden = { readonly net_section: string; readonly rates: readonly (readonly [batch: number, rate: number])[] };
const goldens: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL('../fixtures/rates.json', import.meta.url), 'utf8'),
);

/** Enough of a cfg reader for these sections. */
const scheduleOf = (section: string): Schedule => {
  const values = new Map(section.split('\n').map((line) => line.split('=') as [string, string]));
  const number = (name: string, otherwise: number) => Number(values.get(name) ?? otherwise);
  const list = (name: string) => (values.get(name) ?? '').split(',').map(Number);
  const power = number('power', 4);
  const policies: Readonly<Record<string, Policy>> = {
    step: { kind: 'step', step: number('step', 1), scale: number('scale', 1) },
    steps: { kind: 'steps', steps: list('steps'), scales: list('scales') },
    exp: { kind: 'exp', gamma: number('gamma', 1) },
    poly: { kind: 'poly', maxBatches: number('max_batches', 0), power },
    sigmoid: { kind: 'sigmoid', gamma: number('gamma', 1), step: number('step', 1) },
  };
  return {
    learningRate: number('learning_rate', 0.001),
    burnIn: number('burn_in', 0),
    burnInPower: power,
    policy: policies[values.get('policy') ?? ''] ?? { kind: 'constant' },
  };
};

test.each(Object.entries(goldens))('%s as the original, to 1e-5', (_, { net_section, rates }) => {
  const schedule = scheduleOf(net_section);
  expect(rates.length).toBeGreaterThan(200);
  for (const [batch, rate] of rates) {
    const actual = rateAt(schedule, batch, { compat: true });
    expect(Math.abs(actual - rate), `batch ${batch}: ${actual} for ${rate}`).toBeLessThanOrEqual(1e-12 + 1e-5 * rate);
  }
});

describe('sigmoid', () => {
  const schedule: Schedule = { learningRate: 1, policy: { kind: 'sigmoid', gamma: -0.001, step: 25000 } };
  test('falls or rises smoothly through half the rate at its step', () => {
    expect(rateAt(schedule, 25000)).toBe(0.5);
    expect(rateAt(schedule, 24000)).toBeCloseTo(1 / (1 + Math.E), 6);
    expect(rateAt(schedule, 26000)).toBeCloseTo(1 / (1 + 1 / Math.E), 6);
  });
  test('jumps before its step when told to do as the original', () => {
    expect(rateAt(schedule, 24000, { compat: true })).toBe(1);
    expect(rateAt(schedule, 26000, { compat: true })).toBe(rateAt(schedule, 26000));
  });
});

test('random draws anew', () => {
  const draws = [0.5, 0.25];
  const schedule: Schedule = { learningRate: 8, policy: { kind: 'random', power: 2 } };
  const random = () => draws.shift() ?? 0;
  expect([rateAt(schedule, 1, { random }), rateAt(schedule, 1, { random })]).toEqual([2, 0.5]);
  const rate = rateAt(schedule, 1);
  expect(rate >= 0 && rate < 8).toBe(true);
});
