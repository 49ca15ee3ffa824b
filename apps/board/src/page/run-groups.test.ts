/** What runs are grouped by. */
import { expect, it } from 'vitest';
import { grouped, groupings, stateOf } from './run-groups.ts';
import type { RunView } from './source.ts';

const run = (id: string, change: Partial<RunView>): RunView =>
  ({ id, experiment: 'voc', status: 'FINISHED', updated: 0, params: {}, metrics: {}, ...change }) as RunView;

const runs = [
  run('a', { experiment: 'voc', params: { seed: '3', batch: '4' } }),
  run('b', { experiment: 'coco', params: { seed: '4', batch: '4' }, status: 'KILLED' }),
  run('c', { experiment: 'voc', params: { batch: '4' } }),
];
const ids = (by: string) => grouped(runs, by).map(({ title, runs: some }) => [title, some.map(({ id }) => id).join()]);

it('a parameter that tells runs apart makes groups, and one that does not is not offered', () => {
  expect(groupings(runs).map(([by]) => by)).toEqual(['', 'experiment', 'status', 'param:seed']);
  const many = Array.from({ length: 21 }, (_, i) => run(String(i), { params: { seed: String(i) } }));
  expect(groupings(many.slice(1)).map(([by]) => by)).toContain('param:seed');
  expect(groupings(many).map(([by]) => by)).not.toContain('param:seed');
});

it('groups stand in the order of their names, runs in their own', () => {
  expect(ids('')).toEqual([['', 'a,b,c']]);
  expect(ids('experiment')).toEqual([
    ['coco', 'b'],
    ['voc', 'a,c'],
  ]);
  expect(ids('status')).toEqual([
    ['finished', 'a,c'],
    ['interrupted', 'b'],
  ]);
  expect(ids('param:seed')).toEqual([
    ['seed = 3', 'a'],
    ['seed = 4', 'b'],
    ['seed = none', 'c'],
  ]);
});

it('a run without news for long is not said to be running', () => {
  expect(stateOf(run('a', { status: 'RUNNING', updated: Date.now() }))).toBe('running');
  expect(stateOf(run('a', { status: 'RUNNING', updated: Date.now() - 3_600_000 }))).toBe('no news');
});
