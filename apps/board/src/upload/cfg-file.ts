/** A run's cfg among its artifacts on the server. Not every server keeps files: this must hold up nothing. */
import * as E from 'fp-ts/lib/Either.js';
import { backOff } from './back-off.ts';
import type { Client } from './client.ts';
import { pause } from './pause.ts';
import type { Persistence } from './persistence.ts';

/** After the first. */
const moreAttempts = 4;

/** `address`: the run's `artifact_uri`; without one the server keeps no files. */
export const sendCfg = async (
  client: Client,
  address: string | undefined,
  cfg: string,
  { signal, waits, tell }: Persistence,
): Promise<void> => {
  if (!address) return;
  for (let attempt = 0; ; attempt++) {
    const put = await client.put(address, 'network.cfg', cfg);
    if (E.isRight(put)) return;
    if (put.left.tag !== 'later' || attempt === moreAttempts) {
      tell(`the cfg is not taken: ${put.left.what}`);
      return;
    }
    await pause(backOff(attempt, waits), [signal]);
  }
};
