import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Piece, schedule, type Task } from './schedule.ts';

const scratch = (bytes: number): Piece => ({ bytes, ends: true, begins: true });
const result = (bytes: number): Piece => ({ bytes, ends: false, begins: true });

/** The most memory that is taken at one time. */
const peak = (order: readonly number[], tasks: readonly Task[], pieces: readonly Piece[]): number => {
  const touches = order.map((i) => new Set([...tasks[i].reads, tasks[i].write]));
  const live = touches.map((_, at) =>
    pieces.reduce((sum, { bytes }, piece) => {
      const uses = touches.flatMap((set, i) => (set.has(piece) ? [i] : []));
      return uses.length > 0 && uses[0] <= at && at <= uses[uses.length - 1] ? sum + bytes : sum;
    }, 0),
  );
  return Math.max(0, ...live);
};

describe('the order of steps', () => {
  it('takes a step that gives memory back as soon as it can run', () => {
    // Two large values, each folded to a small result that was asked for last.
    const pieces = [scratch(100), scratch(100), result(1), result(1)];
    const tasks = [
      { reads: [], write: 0 },
      { reads: [], write: 1 },
      { reads: [0], write: 2 },
      { reads: [1], write: 3 },
    ];
    const order = schedule(tasks, pieces);
    expect(order).toEqual([0, 2, 1, 3]);
    expect([peak([0, 1, 2, 3], tasks, pieces), peak(order, tasks, pieces)]).toEqual([201, 101]);
  });

  it('waits for all writers of a value in parts', () => {
    const pieces = [scratch(10), scratch(8), result(1)];
    const tasks = [
      { reads: [], write: 0 },
      { reads: [0], write: 1 },
      { reads: [], write: 1 },
      { reads: [1], write: 2 },
    ];
    expect(schedule(tasks, pieces)).toEqual([0, 1, 2, 3]);
  });

  it('is complete, and nothing is read before it is written', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(fc.nat(40), { maxLength: 4 }), fc.nat(100), fc.boolean()), { maxLength: 40 }),
        (drawn) => {
          const tasks = drawn.map(([reads], i) => ({ reads: reads.filter((r) => r < i), write: i }));
          const pieces = drawn.map(([, bytes, ends]) => ({ bytes, ends, begins: true }));
          const order = schedule(tasks, pieces);
          expect([...order].sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
          const written = new Set<number>();
          for (const i of order) {
            expect(tasks[i].reads.every((r) => written.has(r))).toBe(true);
            written.add(i);
          }
        },
      ),
    ));
});
