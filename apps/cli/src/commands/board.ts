/** `gdarknet board`: the training board and log collector. */
import { type Board, defaultPort, startBoard } from '@gdarknet/board';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { number, text, whole } from '../arguments/value.ts';
import { type Failure, refused, thrown } from '../core/failure.ts';

const megabyte = 1 << 20;

const untilAsked = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });

export const board = command({
  path: ['board'],
  product: 'files',
  summary: 'Serve the board: every run live, from folders and over the network.',
  details: [
    "Runs below --dir are read from Darknet's log.csv and map.txt and from our events.ndjson; others arrive over HTTP, in MLflow's tracking protocol (train --log-to, log push, any MLflow client).",
    'Others can reach it only with --host and --token (or the environment variable GDARKNET_BOARD_TOKEN). Ctrl-C ends it; nothing that was acknowledged is lost however it ends.',
  ],
  examples: ['gdarknet board --dir backup', 'GDARKNET_BOARD_TOKEN=a-long-secret gdarknet board --host 0.0.0.0'],
  positionals: {},
  options: {
    dir: withDefault(text, 'backup', { placeholder: 'dir', doc: 'run folders lie below' }),
    port: withDefault(whole({ min: 0, max: 65535 }), defaultPort, { placeholder: 'n', doc: '0 for any that is free' }),
    host: withDefault(text, '127.0.0.1', { placeholder: 'address', doc: 'to listen at' }),
    token: optional(text, { placeholder: 'secret', doc: 'asked of everybody; 12 characters or more' }),
    db: optional(text, { placeholder: 'file', doc: 'the database [board.db in --dir]' }),
    maxSize: optional(whole({ min: 1 }), { placeholder: 'MB', doc: 'of the database; beyond it logs are refused' }),
    keep: optional(number({ min: 0 }), {
      placeholder: 'days',
      doc: 'forget runs from the network that have had no news for so long [never]',
    }),
    json,
  },
  run: ({ dir, port, host, token, db, maxSize, keep, json: asJson }, { print, tell, signal }) => {
    const secret = token ?? process.env.GDARKNET_BOARD_TOKEN;
    return pipe(
      startBoard({
        dir,
        port,
        host,
        tell,
        ...(secret && { token: secret }),
        ...(db !== undefined && { file: db }),
        ...(maxSize !== undefined && { maxBytes: maxSize * megabyte }),
        ...(keep !== undefined && { keepDays: keep }),
      }),
      TE.mapLeft(({ what, action }): Failure => refused(what, action)),
      TE.flatMap(({ url, file, close }: Board) =>
        TE.tryCatch(async () => {
          print(asJson ? JSON.stringify({ url, file }) : url);
          tell(`runs below ${dir}, kept in ${file}; Ctrl-C ends`);
          await untilAsked(signal);
          await close();
        }, thrown),
      ),
    );
  },
});
