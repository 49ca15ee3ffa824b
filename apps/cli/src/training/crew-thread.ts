/** The thread of a crew's member: it computes, and tells; member 0 writes. */
import { parentPort, workerData } from 'node:worker_threads';
import * as E from 'fp-ts/lib/Either.js';
import type { Context } from '../core/context.ts';
import { CrewEnded, showFailure } from '../core/failure.ts';
import { joinMeeting } from '../parallel/meeting.ts';
import { crewOf, type MemberData, type MemberMessage } from '../parallel/threads.ts';
import type { ThreadTask } from './crew.ts';
import { runMember } from './member.ts';

const { place, rank, size, sync, task } = workerData as MemberData<ThreadTask>;
const tell = (text: string): void => parentPort?.postMessage({ text } satisfies MemberMessage);
const nothing = (): void => {};

const context: Context = {
  argv: [],
  print: nothing,
  tell,
  stdin: process.stdin,
  losses: [],
  onRisk: nothing,
  saves: { taken: () => false },
  progress: () => ({ advance: nothing, end: nothing }),
  // Who is interrupted is member 0, which the others hear of in the next step.
  signal: new AbortController().signal,
};

const meeting = joinMeeting(place, rank, size, true);
const crew = {
  ...crewOf(size, sync),
  team: meeting.team,
  spentMs: meeting.spentMs,
  abort: meeting.end,
  close: () => Promise.resolve(),
};

runMember({ ...task, crew, resumed: undefined }, context)().then((done) => {
  if (E.isRight(done)) return;
  meeting.end();
  const { left } = done;
  // An end that somebody else has caused has been told by them.
  if (!(left.tag === 'thrown' && left.error instanceof CrewEnded)) for (const line of showFailure(left)) tell(line);
  process.exitCode = 1;
});
