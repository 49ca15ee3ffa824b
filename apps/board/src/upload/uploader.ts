/**
 * Sends a run's folder to an MLflow server or a board, and goes on while it grows. The files are the truth and the
 * journal says how far they have been acknowledged, so neither a dead network nor a killed process loses a point; what
 * is sent twice has the same key, step, time and value, and is stored once.
 */
import { basename, dirname } from 'node:path';
import { type FolderCursor, type FolderNews, folderId, readFolder } from '../runs/run-folder.ts';
import { sendParams, sendPoints } from './batches.ts';
import { sendCfg } from './cfg-file.ts';
import { type Client, type ClientOptions, mlflowClient } from './client.ts';
import { type Journal, openJournal, writeJournal } from './journal.ts';
import { pause } from './pause.ts';
import { type Persistence, type PersistentClient, persistentClient, Stopped } from './persistence.ts';
import { NoRun, remoteRun } from './remote-run.ts';

export type UploadOptions = ClientOptions & {
  readonly folder: string;
  /** Default: the folder that the run's folder lies in. */
  readonly experiment?: string;
  /** Default: the folder's name. */
  readonly name?: string;
  /** Go on when everything has been sent, until `stop`. */
  readonly follow?: boolean;
  /** Between two looks at the files. Default 1000. */
  readonly everyMs?: number;
  /** Of waiting between attempts. Default 500. */
  readonly firstWaitMs?: number;
  readonly mostWaitMs?: number;
  readonly tell?: (text: string) => void;
  /** Ends the upload as soon as what is there has been sent. */
  readonly finish?: AbortSignal;
};

export type Uploaded = {
  /** The run on the server; undefined when it was never reached. */
  readonly run: string | undefined;
  /** Acknowledged, over all times that this run was sent. */
  readonly points: number;
  /** Everything that was there has been acknowledged. */
  readonly complete: boolean;
  /** Refused by the server for good, and left out. */
  readonly refused: number;
};

/** How far an upload has come. */
type Progress = { readonly journal: Journal; readonly refused: number };

/** The server, as one upload sees it. */
type Line = { readonly once: Client; readonly client: PersistentClient; readonly persistence: Persistence };

const lineTo = (options: UploadOptions): Line => {
  const { url, signal, firstWaitMs = 500, mostWaitMs = 60_000 } = options;
  const once = mlflowClient(options);
  const persistence: Persistence = {
    waits: { first: firstWaitMs, most: mostWaitMs },
    tell: (text) => options.tell?.(`${url}: ${text}`),
    ...(signal && { signal }),
  };
  return { once, persistence, client: persistentClient(once, persistence) };
};

const isNews = ({ points, map, params, status, cursor }: FolderNews, before: FolderCursor): boolean =>
  points.length + params.length > 0 ||
  map !== undefined ||
  status !== undefined ||
  JSON.stringify(cursor) !== JSON.stringify(before);

/** The run on the server; looked for at most once in the life of a journal. */
const joined = async (options: UploadOptions, { client }: Line, journal: Journal, started: number | undefined) => {
  if (journal.run !== undefined) return { ...journal, run: journal.run };
  const { folder, experiment = basename(dirname(folder)), name = basename(folder) } = options;
  const local = { id: await folderId(folder), experiment, name, started: started ?? Date.now() };
  const next = { ...journal, ...(await remoteRun(client, local)) };
  await writeJournal(folder, next);
  return next;
};

/** Sends one piece of the log, and writes down that it has been. */
async function* send(options: UploadOptions, line: Line, before: Progress, news: FolderNews): AsyncGenerator<Progress> {
  const { client, once, persistence } = line;
  const { tell } = persistence;
  const journal = await joined(options, line, before.journal, news.started);
  let { refused } = before;
  yield { journal, refused };
  const { run, artifacts } = journal;
  for await (const { item, what } of sendParams(client, run, news.params)) {
    // A run that went on with another setting keeps the first one: MLflow's parameters do not change.
    tell(`the parameter ${item.key} is not taken: ${what}`);
  }
  const points = [...news.points, ...(news.map ?? [])];
  for await (const { item, what } of sendPoints(client, run, points)) {
    tell(`${item.key} at step ${item.step} is refused: ${what}`);
    yield { journal, refused: ++refused };
  }
  if (news.cfg !== undefined) await sendCfg(once, artifacts, news.cfg, persistence);
  if (news.status) {
    const { status, ended } = news.status;
    await client.post('runs/update', { run_id: run, status, ...(ended !== undefined && { end_time: ended }) });
  }
  // Only now: a piece that was cut short is read and sent again, whatever has been added to it meanwhile.
  const next = { ...journal, cursor: news.cursor, points: journal.points + points.length };
  yield { journal: next, refused };
  await writeJournal(options.folder, next);
}

/** Each state of the upload after `start`, until everything that is there has been acknowledged. */
async function* sendAll(options: UploadOptions, line: Line, start: Progress): AsyncGenerator<Progress> {
  const { folder, signal, finish, everyMs = 1000, follow = false } = options;
  let progress = start;
  for (;;) {
    // Looked at before reading: what is written while the end is asked for is still sent.
    const last = !follow || finish?.aborted === true;
    const { cursor } = progress.journal;
    const news = await readFolder(folder, cursor);
    if (isNews(news, cursor)) {
      for await (progress of send(options, line, progress, news)) yield progress;
    } else if (last) return;
    if (signal?.aborted) throw new Stopped();
    if (!news.more && !last) await pause(everyMs, [signal, finish]);
  }
}

/** Never throws for what the network or the server does; `signal` ends it at once, `finish` when everything is sent. */
export const upload = async (options: UploadOptions): Promise<Uploaded> => {
  let progress: Progress = { journal: await openJournal(options.folder, options.url), refused: 0 };
  const outcome = (complete: boolean): Uploaded => {
    const { journal, refused } = progress;
    return { run: journal.run, points: journal.points, complete, refused };
  };
  const line = lineTo(options);
  try {
    for await (progress of sendAll(options, line, progress));
    return outcome(true);
  } catch (thrown) {
    if (thrown instanceof NoRun) line.persistence.tell(thrown.message);
    else if (!(thrown instanceof Stopped)) options.tell?.(thrown instanceof Error ? thrown.message : String(thrown));
    return outcome(false);
  }
};
