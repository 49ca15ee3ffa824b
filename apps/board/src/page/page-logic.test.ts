/** What the page computes: smoothing, links, filters, differences. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiffLine, lineDiff } from './line-diff.ts';
import { runFilter } from './run-filter.ts';
import { applies, smoothed } from './smoothing.ts';
import type { RunView } from './source.ts';
import { fromHash, initial, type State, toHash } from './state.ts';

describe('smoothing', () => {
  it('is the original’s trailing moving average, the first points dropped', () => {
    const values = Array.from({ length: 50 }, (_, i) => (i * 7919) % 13);
    const steps = values.map((_, i) => i + 1);
    const parts = { steps, times: steps, values, counts: steps.map(() => 1) };
    const { steps: at, values: out } = smoothed(parts, 5);
    expect(at).toEqual(steps.slice(5));
    out.forEach((value, i) => {
      const window = values.slice(i + 1, i + 6);
      expect(value).toBeCloseTo(window.reduce((sum, one) => sum + one, 0) / 5, 12);
    });
  });
  it('means of many points weigh as many', () => {
    const parts = { steps: [10, 20], times: [0, 0], values: [1, 4], counts: [10, 5] };
    expect(smoothed(parts, 14).values).toEqual([2]);
    expect(smoothed(parts, 10).values).toEqual([4]);
  });
  it('only for series ten times as long', () => {
    expect([applies(300, 3000, undefined), applies(300, 2999, undefined), applies(300, 9000, 2000)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

it('a link holds the state', () => {
  const state: State = {
    ...initial,
    view: 'runs',
    axis: 'relative',
    smooth: 20,
    raw: false,
    filter: 'a&b=#',
    group: 'param:x',
    sort: 'm:loss',
    selected: ['abc', 'def'],
    hiddenCharts: ['loss/total'],
    compare: ['abc'],
    showHidden: true,
    zoom: [1.5, 200],
    settings: { 'loss/box': { log: true, maxY: 3, maxX: 100, smooth: 0 } },
  };
  expect(fromHash(`#${toHash(state)}`)).toEqual(state);
  expect(toHash(initial)).toBe('');
  fc.assert(fc.property(fc.string(), (hash) => void fromHash(hash)));
});

it('runs are filtered by words, parameters and figures', () => {
  const run = {
    id: 'abc',
    name: 'giou-1',
    experiment: 'voc',
    status: 'RUNNING',
    tags: {},
    preference: { name: 'Best' },
    params: { seed: '3' },
    metrics: { 'loss/total': { count: 1, step: 1, time: 1, value: 0.5 } },
  } as unknown as RunView;
  const passes = (text: string) => runFilter(text)(run);
  expect(['', 'GIOU', 'best voc', 'seed=3', 'loss/total<1 seed=3', 'seed>=3'].map(passes)).toEqual(
    new Array(6).fill(true),
  );
  expect(['mse', 'seed=4', 'loss/total>1', 'none<1', 'giou mse'].map(passes)).toEqual(new Array(5).fill(false));
});

describe('differences of lines', () => {
  const sides = (lines: readonly DiffLine[]) => ({
    left: lines
      .filter(({ kind }) => kind !== 'added')
      .map(({ text }) => text)
      .join('\n'),
    right: lines
      .filter(({ kind }) => kind !== 'removed')
      .map(({ text }) => text)
      .join('\n'),
  });
  it('hold both texts, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(sides(lineDiff(left, right))).toEqual({ left, right });
      }),
      { numRuns: 500 },
    );
  });
  it('are as few as can be', () => {
    const changes = (left: string, right: string) => lineDiff(left, right).filter(({ kind }) => kind !== 'same').length;
    expect([
      changes('a\nb\nc', 'a\nx\nc'),
      changes('a\nb', 'a\nb'),
      changes('a\nb\nc\na\nb\nb\na', 'c\nb\na\nb\na\nc'),
    ]).toEqual([2, 0, 5]);
  });
});
