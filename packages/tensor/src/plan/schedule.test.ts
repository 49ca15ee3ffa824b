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

  it('keeps the order of two writers of one value, whatever they wait for', () => {
    // A fill and a copy into it; the copy can run at once, and gives memory back.
    const pieces = [scratch(10), scratch(1), scratch(4), result(1)];
    const tasks = [
      { reads: [], write: 0 },
      { reads: [], write: 1 },
      { reads: [1], write: 2 },
      { reads: [0], write: 2 },
      { reads: [2], write: 3 },
    ];
    expect(schedule(tasks, pieces)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is complete, writers keep their order, and nothing is read before it is written', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.array(fc.nat(40), { maxLength: 4 }), fc.nat(100), fc.boolean(), fc.integer({ min: 1, max: 3 })),
          { maxLength: 40 },
        ),
        (drawn) => {
          // Piece i has its writers side by side in the order given; each may read any piece before.
          const tasks = drawn.flatMap(([reads, , , writers], i) =>
            Array.from({ length: writers }, (_, k) => ({
              reads: reads.filter((r) => r < i && (r + k) % 2 === 0),
              write: i,
            })),
          );
          const pieces = drawn.map(([, bytes, ends]) => ({ bytes, ends, begins: true }));
          const order = schedule(tasks, pieces);
          expect([...order].sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
          const left = drawn.map(([, , , writers]) => writers);
          const last = drawn.map(() => -1);
          for (const i of order) {
            const { reads, write } = tasks[i];
            expect(reads.every((r) => left[r] === 0)).toBe(true);
            expect(i).toBeGreaterThan(last[write]);
            left[write]--;
            last[write] = i;
          }
        },
      ),
    ));
});
