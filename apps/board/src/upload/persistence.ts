/** A client that asks until it is answered for good; the wait grows with each attempt in a row that fails. */
import * as E from 'fp-ts/lib/Either.js';
import { backOff } from './back-off.ts';
import type { Answered, CallFault, Client } from './client.ts';
import { pause } from './pause.ts';

/** `signal` has ended the upload. */
export class Stopped extends Error {}

/** What has failed in a row since the last answer. */
export type Trouble = {
  readonly attempts: number;
  /** Somebody has been told. */
  readonly told: boolean;
};

export const noTrouble: Trouble = { attempts: 0, told: false };

type Later = Extract<CallFault, { readonly tag: 'later' }>;

export type Waits = { readonly first?: number; readonly most?: number; readonly random?: () => number };

export type Setback = {
  readonly trouble: Trouble;
  readonly waitMs: number;
  /** Once, not for each attempt. */
  readonly news: string | undefined;
};

/** After an attempt that may be repeated. A server that says how long it wants to be left alone is left alone. */
export const afterSetback = ({ attempts, told }: Trouble, { what, waitMs = 0 }: Later, waits: Waits): Setback => ({
  trouble: { attempts: attempts + 1, told: true },
  waitMs: Math.max(backOff(attempts, waits), waitMs),
  news: told ? undefined : `${what}; the log waits on the disk and is sent later`,
});

export type FinalFault = Exclude<CallFault, Later>;
export type Final = E.Either<FinalFault, Answered>;

export type PersistentClient = {
  readonly [K in 'post' | 'get']: (...request: Parameters<Client[K]>) => Promise<Final>;
};

export type Persistence = {
  readonly signal?: AbortSignal;
  readonly waits: Waits;
  readonly tell: (text: string) => void;
};

/** Its calls throw `Stopped` when `signal` is given, and nothing else. */
export const persistentClient = (client: Client, { signal, waits, tell }: Persistence): PersistentClient => {
  let trouble = noTrouble;
  const insist = async (attempt: () => Promise<E.Either<CallFault, Answered>>): Promise<Final> => {
    for (;;) {
      if (signal?.aborted) throw new Stopped();
      const answer = await attempt();
      if (E.isRight(answer) || answer.left.tag !== 'later') {
        if (trouble.told) tell('the log is being sent again');
        trouble = noTrouble;
        return answer as Final;
      }
      if (signal?.aborted) throw new Stopped();
      const setback = afterSetback(trouble, answer.left, waits);
      trouble = setback.trouble;
      if (setback.news !== undefined) tell(setback.news);
      await pause(setback.waitMs, [signal]);
    }
  };
  return {
    post: (path, body) => insist(() => client.post(path, body)),
    get: (path, query) => insist(() => client.get(path, query)),
  };
};
