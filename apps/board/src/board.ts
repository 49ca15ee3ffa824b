/** The board as a whole: database, watched folders, HTTP server, page. */
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { reasonOf } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { pageRoutes } from './assets/page-routes.ts';
import { sweep } from './collector/retention.ts';
import { type Watch, watch } from './collector/watch.ts';
import type { Core } from './core.ts';
import { guard, isLoopback } from './http/guard.ts';
import { hub } from './http/hub.ts';
import { loginRoutes } from './http/login.ts';
import { boardServer } from './http/server.ts';
import { mlflowRoutes } from './protocol/routes.ts';
import { boardRoutes } from './routes/board-routes.ts';
import { darkboardRoutes } from './routes/darkboard-routes.ts';
import { openDatabase } from './store/database.ts';
import { addExperiment } from './store/experiments.ts';

export type BoardOptions = {
  /** Run folders are looked for below. Default: none. */
  readonly dir?: string;
  /** The database. Default: `board.db` in `dir`, or in the working folder. Artifacts lie beside it, in `<file>.artifacts`. */
  readonly file?: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 8333; 0 takes any that is free. */
  readonly port?: number;
  /** Needed for a host that others can reach. */
  readonly token?: string;
  /** The database never grows beyond. Default: what the disk holds. */
  readonly maxBytes?: number;
  /** Runs that came over the network and have had no news for so many days are forgotten. Default: never. */
  readonly keepDays?: number;
  /** Requests a second from one address. Default 1000. */
  readonly rate?: number;
  /** Between two looks at the folders. Default 1000. */
  readonly everyMs?: number;
  readonly tell?: (text: string) => void;
  readonly now?: () => number;
};

export type BoardRefusal = { readonly what: string; readonly action: string };

export type Board = {
  readonly url: string;
  readonly port: number;
  readonly file: string;
  /** Ends when everything that was acknowledged, and everything being written, is on the disk. */
  readonly close: () => Promise<void>;
};

export const defaultPort = 8333;
const sweepMs = 3600_000;
const shortestToken = 12;

const refusalOf = ({ host = '127.0.0.1', token }: BoardOptions): BoardRefusal | undefined => {
  if (token !== undefined && token.length < shortestToken) {
    return { what: `the token has ${token.length} characters`, action: `give one of at least ${shortestToken}` };
  }
  return token === undefined && !isLoopback(host)
    ? {
        what: `${host} can be reached from other machines, and there is no token`,
        action: 'give --token, or leave --host out',
      }
    : undefined;
};

const listen = async (options: BoardOptions): Promise<Board> => {
  const { dir, host = '127.0.0.1', port = defaultPort, token, maxBytes, keepDays, everyMs = 1000 } = options;
  const { rate = 1000, tell = () => {}, now = Date.now } = options;
  const file = resolve(options.file ?? join(dir ?? '.', 'board.db'));
  await mkdir(dirname(file), { recursive: true });
  const db = openDatabase(file, maxBytes === undefined ? {} : { maxBytes });
  const news = hub();
  const core: Core = { db, hub: news, artifacts: `${file}.artifacts`, now };
  let watching: Watch | undefined;
  const guarded = guard({ host, rate, burst: 2 * rate, ...(token !== undefined && { token }) });
  const server = boardServer({
    routes: [...mlflowRoutes(core), ...boardRoutes(core), ...darkboardRoutes(core), ...pageRoutes()],
    open: [...loginRoutes(guarded), { method: 'GET', path: '/health', run: () => ({ body: 'OK' }) }],
    guard: guarded,
    tell,
  });
  const end = async (): Promise<void> => {
    await watching?.close();
    news.close();
    await db.close();
  };
  try {
    await db.change(() => {
      // MLflow's clients take for granted that 0 is there.
      if (!db.sql('select 1 from experiment where id = 0').get()) {
        addExperiment(db, 'Default', [], now());
        db.sql("update experiment set id = 0 where name = 'Default'").run();
      }
    });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(port, host, done);
    });
  } catch (thrown) {
    await end();
    throw thrown;
  }
  const sweeping = setInterval(() => {
    if (keepDays !== undefined) void sweep(core, keepDays).catch((error: unknown) => tell(String(error)));
  }, sweepMs);
  sweeping.unref();
  if (keepDays !== undefined) await sweep(core, keepDays);
  if (dir !== undefined) watching = await watch(core, dir, everyMs, tell);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
    port: bound.port,
    file,
    close: async () => {
      clearInterval(sweeping);
      news.close();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeIdleConnections();
      const impatient = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearTimeout(impatient);
      await end();
    },
  };
};

/** Serves when the task has ended well. */
export const startBoard =
  (options: BoardOptions = {}): TaskEither<BoardRefusal, Board> =>
  async () => {
    const refusal = refusalOf(options);
    if (refusal) return E.left(refusal);
    try {
      return E.right(await listen(options));
    } catch (thrown) {
      const { code } = thrown as { readonly code?: string };
      const inUse = code === 'EADDRINUSE';
      return E.left({
        what: `the board cannot start: ${reasonOf(thrown)}`,
        action: inUse ? 'give another --port, or end what listens there' : 'see that its folder can be written to',
      });
    }
  };
