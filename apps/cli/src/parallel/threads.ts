/** A crew of worker threads in this process, one for each device: member 0 is the main thread. */
import { Worker } from 'node:worker_threads';
import type { Context } from '../context.ts';
import type { TrainFiles } from '../training/files.ts';
import type { TrainValues } from '../training/options.ts';
import type { Crew, Sync } from './crew.ts';
import { joinMeeting, type MeetingPlace, meetingPlace } from './meeting.ts';

/** What a thread is started with. */
export type MemberData = {
  readonly place: MeetingPlace;
  readonly rank: number;
  readonly size: number;
  readonly sync: Sync;
  readonly values: TrainValues;
  readonly files: TrainFiles;
  readonly kernels: string | undefined;
};

/** What it sends: messages for people. */
export type MemberMessage = { readonly text: string };

export const crewOf = (size: number, sync: Sync): Pick<Crew, 'sync' | 'localSize' | 'description' | 'abortEnds'> => ({
  sync,
  localSize: size,
  abortEnds: false,
  description: `${size} devices, a thread for each`,
});

/** Beside this file as TypeScript when run from source, beside the bundle otherwise. */
const memberUrl = (): URL => new URL(import.meta.url.endsWith('.ts') ? './member.ts' : './member.js', import.meta.url);

/** Members that have been told to end are given so long. */
const patienceMs = 10_000;

export const openThreadCrew = (task: Omit<MemberData, 'place' | 'rank'>, { tell }: Pick<Context, 'tell'>): Crew => {
  const { size, sync } = task;
  const place = meetingPlace(size);
  const meeting = joinMeeting(place, 0, size, false);
  const members = Array.from({ length: size - 1 }, (_, i) => {
    const rank = i + 1;
    const workerData: MemberData = { ...task, place, rank };
    const worker = new Worker(memberUrl(), { workerData });
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
