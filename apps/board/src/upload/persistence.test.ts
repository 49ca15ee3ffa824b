/** How long, how often, and what is said of it. */
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import type { Answered, CallFault, Client } from './client.ts';
import { afterSetback, noTrouble, persistentClient, Stopped } from './persistence.ts';

const random = () => 1;
const later = (waitMs?: number) =>
  ({ tag: 'later', what: '503: full', ...(waitMs !== undefined && { waitMs }) }) as const;

it('waits twice as long after each attempt, at least as long as the server says, and says so once', () => {
  const waits = { first: 10, most: 50, random };
  const seen: unknown[] = [];
  let trouble = noTrouble;
  for (const fault of [later(), later(), later(), later(), later(70)]) {
    const next = afterSetback(trouble, fault, waits);
    seen.push([next.waitMs, next.news]);
    trouble = next.trouble;
  }
  const news = '503: full; the log waits on the disk and is sent later';
  expect(seen).toEqual([
    [10, news],
    [20, undefined],
    [40, undefined],
    [50, undefined],
    [70, undefined],
  ]);
});

/** Answers in turn, for any request. */
const answering = (answers: readonly E.Either<CallFault, Answered>[]): Client => {
  let next = 0;
  const answer = () => Promise.resolve(answers[next++]);
  return { post: answer, get: answer, put: answer };
};

it('asks until it is answered for good, and then says that it goes on', async () => {
  const told: string[] = [];
  const waits = { first: 0, most: 0 };
  const refused = E.left({ tag: 'refused', what: '400: no', status: 400 } as const);
  const client = answering([E.left(later()), E.left(later()), E.right({ a: 1 }), refused, E.right({})]);
  const asking = persistentClient(client, { waits, tell: (text) => told.push(text) });
  expect(await asking.post('a', {})).toEqual(E.right({ a: 1 }));
  expect(told).toEqual(['503: full; the log waits on the disk and is sent later', 'the log is being sent again']);
  expect(await asking.get('b', {})).toEqual(refused);
  expect(told).toHaveLength(2);
});

it('stops when it is told to, while it waits', async () => {
  const stop = new AbortController();
  const client = answering([E.left(later())]);
  const tell = () => stop.abort();
  const asking = persistentClient(client, { waits: { first: 60_000 }, tell, signal: stop.signal });
  await expect(asking.post('a', {})).rejects.toBeInstanceOf(Stopped);
});
