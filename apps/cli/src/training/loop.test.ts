/** The order of things where a device computes by itself: what is begun when, and what is settled when it is handed out. */
import type { BatchStream } from '@gdarknet/data';
import type { StepReport, Trainer } from '@gdarknet/yolo';
import { describe, expect, it } from 'vitest';
import { type LoopOptions, type Update, updates } from './loop.ts';

type Told = { readonly events: string[]; readonly recycled: number[] };

/** A trainer of one image a batch that tells what it is asked for. */
const trainerOf = ({ events }: Told, ahead: boolean, losses: Readonly<Record<number, number>> = {}): Trainer => {
  let seen = 0;
  const begin: Trainer['begin'] = async () => {
    const batch = ++seen;
    events.push(`begin ${batch}`);
    return async () => {
      events.push(`report ${batch}`);
      const loss = losses[batch] ?? batch;
      if (!Number.isFinite(loss)) seen = batch;
      return { batch, loss, rate: 1, parts: [], dropped: 0, stop: false } satisfies StepReport;
    };
  };
  return { ahead, batch: 1, seen: () => seen, begin } as unknown as Trainer;
};

/** `count` batches, and then a fault where one is given. */
const streamOf = ({ recycled }: Told, count: number, fault?: Error): BatchStream => {
  const iterate = async function* () {
    for (let index = 1; index <= count; index++) yield { index, waitMs: 0, paths: [`${index}.jpg`] };
    if (fault) throw fault;
  };
  return {
    [Symbol.asyncIterator]: iterate,
    recycle: ({ index }: { index: number }) => void recycled.push(index),
  } as unknown as BatchStream;
};

const run = async (told: Told, options: Omit<LoopOptions, 'signal'>, onUpdate: (update: Update) => void = () => {}) => {
  const stop = new AbortController();
  for await (const update of updates({ ...options, signal: stop.signal })) {
    told.events.push(`update ${update.batch}${update.settled ? ', settled' : ''}`);
    onUpdate(update);
    if (told.events.includes('stop')) stop.abort();
  }
  return told;
};
const nothingTold = (): Told => ({ events: [], recycled: [] });

describe('the training loop', () => {
  it('waits for each update where this thread computes', async () => {
    const told = nothingTold();
    await run(told, { trainer: trainerOf(told, false), stream: streamOf(told, 9), limit: 2, settle: () => false });
    expect(told.events).toEqual([
      'begin 1',
      'report 1',
      'update 1, settled',
      'begin 2',
      'report 2',
      'update 2, settled',
    ]);
    expect(told.recycled).toEqual([1, 2]);
  });

  it('begins the next before the report of the one before, and settles where it is asked to and at the end', async () => {
    const told = nothingTold();
    const settle = (batch: number): boolean => batch === 3;
    await run(told, { trainer: trainerOf(told, true), stream: streamOf(told, 9), limit: 5, settle });
    expect(told.events).toEqual([
      'begin 1',
      'begin 2',
      'report 1',
      'update 1',
      'begin 3',
      'report 2',
      'update 2',
      'report 3',
      'update 3, settled',
      'begin 4',
      'begin 5',
      'report 4',
      'update 4',
      'report 5',
      'update 5, settled',
    ]);
  });

  it('ends with the update under way when it is interrupted', async () => {
    const told = nothingTold();
    const stopAtTwo = ({ batch }: Update): void => void (batch === 2 && told.events.push('stop'));
    await run(
      told,
      { trainer: trainerOf(told, true), stream: streamOf(told, 9), limit: 9, settle: () => false },
      stopAtTwo,
    );
    expect(told.events.slice(-4)).toEqual(['update 2', 'stop', 'report 3', 'update 3, settled']);
  });

  it('ends with a loss that is not finite: what was begun after it has not happened', async () => {
    const told = nothingTold();
    const trainer = trainerOf(told, true, { 2: Number.NaN });
    await run(told, { trainer, stream: streamOf(told, 9), limit: 9, settle: () => false });
    expect(told.events.slice(-3)).toEqual(['begin 3', 'report 2', 'update 2, settled']);
    expect(trainer.seen()).toBe(2);
  });

  it('hands out what has been computed when there are no more pictures', async () => {
    const told = nothingTold();
    const stream = streamOf(told, 2, new Error('no picture can be used'));
    const options = { trainer: trainerOf(told, true), stream, limit: 9, settle: () => false };
    await expect(run(told, options)).rejects.toThrow('no picture can be used');
    expect(told.events.slice(-2)).toEqual(['report 2', 'update 2, settled']);
  });
});
