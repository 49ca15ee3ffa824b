/** A crew of worker threads in this process, one for each device: member 0 is the main thread. */
import { Worker } from 'node:worker_threads';
import type { Context } from '../core/context.ts';
import type { Crew, Sync } from './crew.ts';
import { joinMeeting, type MeetingPlace, meetingPlace } from './meeting.ts';

/** What a thread is started with: its place among the others, and a task that can be posted. */
export type MemberData<T> = {
  readonly place: MeetingPlace;
  readonly rank: number;
  readonly size: number;
  readonly sync: Sync;
  readonly task: T;
};

/** What it sends: messages for people. */
export type MemberMessage = { readonly text: string };

export const crewOf = (size: number, sync: Sync): Pick<Crew, 'sync' | 'localSize' | 'description' | 'abortEnds'> => ({
  sync,
  localSize: size,
  abortEnds: false,
  description: `${size} devices, a thread for each`,
});

/** Members that have been told to end are given so long. */
const patienceMs = 10_000;

/** `script` is what the threads run; each is given a `MemberData`. */
export const openThreadCrew = <T>(
  script: URL,
  { size, sync, task }: Pick<MemberData<T>, 'size' | 'sync' | 'task'>,
  { tell }: Pick<Context, 'tell'>,
): Crew => {
  const place = meetingPlace(size);
  const meeting = joinMeeting(place, 0, size, false);
  const members = Array.from({ length: size - 1 }, (_, i) => {
    const rank = i + 1;
    const workerData: MemberData<T> = { place, rank, size, sync, task };
    const worker = new Worker(script, { workerData });
    worker.on('message', ({ text }: MemberMessage) => tell(`device ${rank}: ${text}`));
    worker.on('error', (error) => {
      tell(`device ${rank}: ${error.message}`);
      meeting.end();
    });
    return new Promise<void>((resolve) => {
      worker.on('exit', (code) => {
        if (code !== 0) meeting.end();
        resolve();
      });
    }).then(() => worker);
  });
  return {
    ...crewOf(size, sync),
    team: meeting.team,
    spentMs: meeting.spentMs,
    abort: meeting.end,
    close: async () => {
      const late = setTimeout(meeting.end, patienceMs);
      await Promise.all(members);
      clearTimeout(late);
    },
  };
};
