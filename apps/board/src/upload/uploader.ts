/**
 * Sends a run's folder to an MLflow server or a board, and goes on while it grows. The files are the truth and the
 * journal says how far they have been acknowledged, so neither a dead network nor a killed process loses a point; what
 * is sent twice has the same key, step, time and value, and is stored once.
 */
import { basename, dirname } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import type { Pair, Point } from '../runs/point.ts';
import { type FolderNews, folderId, readFolder } from '../runs/run-folder.ts';
import { backOff } from './back-off.ts';
import { type CallFault, type Client, type ClientOptions, mlflowClient } from './client.ts';
import { type Journal, openJournal, writeJournal } from './journal.ts';

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

/** MLflow's limits for one batch. */
const mostPoints = 1000;
const mostPairs = 100;
const cfgAttempts = 4;
const uploadTag = 'gdarknet.upload';

class Stopped extends Error {}

type State = { journal: Journal; refused: number; attempt: number };

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** NaN and the infinities as JSON of protocol buffers has them. */
const written = (value: number): number | string =>
  Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';

const metricOf = ({ key, step, time, value }: Point) => ({ key, value: written(value), timestamp: time, step });

const chunks = <A>(items: readonly A[], size: number): readonly (readonly A[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

const pause = (ms: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const signal of signals) signal?.addEventListener('abort', end);
    if (signals.some((signal) => signal?.aborted)) end();
  });

const uploader = (options: UploadOptions, client: Client, state: State) => {
  const { folder, signal, finish, tell = () => {}, firstWaitMs = 500, mostWaitMs = 60_000 } = options;
  let told = '';

  /** Until it is answered for good; the wait grows with each attempt in a row that fails. */
  const insist = async <A>(attempt: () => Promise<E.Either<CallFault, A>>): Promise<E.Either<CallFault, A>> => {
    for (;;) {
      if (signal?.aborted) throw new Stopped();
      const answer = await attempt();
      if (E.isRight(answer) || answer.left.tag !== 'later') {
        if (state.attempt > 0 && told !== '') tell(`${options.url}: the log is being sent again`);
        state.attempt = 0;
        told = '';
        return answer;
      }
      if (signal?.aborted) throw new Stopped();
      if (told === '') tell(`${options.url}: ${answer.left.what}; the log waits on the disk and is sent later`);
      told = answer.left.what;
      const wait = Math.max(
        backOff(state.attempt++, { first: firstWaitMs, most: mostWaitMs }),
        answer.left.waitMs ?? 0,
      );
      await pause(wait, [signal]);
    }
  };

  const must = async (attempt: Parameters<typeof insist>[0]): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await insist(attempt);
    if (E.isLeft(answer)) throw new Error(`${options.url}: ${answer.left.what}`);
    return answer.right as Readonly<Record<string, unknown>>;
  };

  const experimentId = async (name: string): Promise<string> => {
    for (;;) {
      const known = await insist(() => client.get('experiments/get-by-name', { experiment_name: name }));
      if (E.isRight(known)) return String(record(known.right.experiment).experiment_id);
      const made = await insist(() => client.post('experiments/create', { name }));
      if (E.isRight(made)) return String(made.right.experiment_id);
      // Somebody else was faster, or the answer to an earlier attempt was lost: it is there now.
      if (made.left.tag !== 'refused' || !/ALREADY_EXISTS/.test(made.left.what))
        throw new Error(`${options.url}: ${made.left.what}`);
    }
  };

  /** An answer may be lost and the request repeated: the run is found again by its tag, and of several the same one is taken by all. */
  const runOf = async (started: number): Promise<void> => {
    const id = await folderId(folder);
    const experiment_id = await experimentId(options.experiment ?? basename(dirname(folder)));
    const find = async (): Promise<Readonly<Record<string, unknown>> | undefined> => {
      const filter = `tags.\`${uploadTag}\` = '${id}'`;
      const found = await must(() =>
        client.post('runs/search', { experiment_ids: [experiment_id], filter, max_results: 100 }),
      );
      const infos = (Array.isArray(found.runs) ? found.runs : []).map((run) => record(record(run).info));
      return [...infos].sort((a, b) => (String(a.run_id) < String(b.run_id) ? -1 : 1))[0];
    };
    let info = await find();
    if (!info) {
      const name = options.name ?? basename(folder);
      const tags = [
        { key: uploadTag, value: id },
        { key: 'mlflow.runName', value: name },
        { key: 'mlflow.source.name', value: 'gdarknet' },
      ];
      await must(() =>
        client.post('runs/create', { experiment_id, start_time: started, run_name: name, user_id: '', tags }),
      );
      info = await find();
    }
    if (!info) throw new Error(`${options.url}: the run was made and cannot be found`);
    state.journal = { ...state.journal, run: String(info.run_id), artifacts: String(info.artifact_uri ?? '') };
    await writeJournal(folder, state.journal);
  };

  /** What the server refuses is halved until what is wrong with it stands alone. */
  const sendPoints = async (points: readonly Point[]): Promise<void> => {
    const answer = await insist(() =>
      client.post('runs/log-batch', { run_id: state.journal.run, metrics: points.map(metricOf) }),
    );
    if (E.isRight(answer)) return;
    if (points.length > 1) {
      const middle = points.length >> 1;
      await sendPoints(points.slice(0, middle));
      await sendPoints(points.slice(middle));
      return;
    }
    state.refused++;
    tell(`${options.url}: ${points[0].key} at step ${points[0].step} is refused: ${answer.left.what}`);
  };

  const sendPairs = async (params: readonly Pair[]): Promise<void> => {
    const answer = await insist(() => client.post('runs/log-batch', { run_id: state.journal.run, params }));
    if (E.isRight(answer)) return;
    if (params.length > 1) for (const param of params) await sendPairs([param]);
    // A run that went on with another setting keeps the first one: MLflow's parameters do not change.
    else tell(`${options.url}: the parameter ${params[0].key} is not taken: ${answer.left.what}`);
  };

  /** Not every server keeps files: this must hold up nothing. */
  const sendCfg = async (cfg: string): Promise<void> => {
    const { artifacts } = state.journal;
    if (!artifacts) return;
    for (let attempt = 0; ; attempt++) {
      const put = await client.put(artifacts, 'network.cfg', cfg);
      if (E.isRight(put)) return;
      if (put.left.tag !== 'later' || attempt === cfgAttempts) {
        tell(`${options.url}: the cfg is not taken: ${put.left.what}`);
        return;
      }
      await pause(backOff(attempt, { first: firstWaitMs, most: mostWaitMs }), [signal]);
    }
  };

  const send = async (news: FolderNews): Promise<void> => {
    if (state.journal.run === undefined) await runOf(news.started ?? Date.now());
    for (const some of chunks(news.params, mostPairs)) await sendPairs(some);
    const { run } = state.journal;
    const points = [...news.points, ...(news.map ?? [])];
    for (const some of chunks(points, mostPoints)) await sendPoints(some);
    if (news.cfg !== undefined) await sendCfg(news.cfg);
    if (news.status) {
      const { status, ended } = news.status;
      await insist(() =>
        client.post('runs/update', { run_id: run, status, ...(ended !== undefined && { end_time: ended }) }),
      );
    }
    // Only now: a piece that was cut short is read and sent again, whatever has been added to it meanwhile.
    state.journal = { ...state.journal, cursor: news.cursor, points: state.journal.points + points.length };
    await writeJournal(folder, state.journal);
  };

  const isNews = ({ points, map, params, status, cursor }: FolderNews): boolean =>
    points.length + params.length > 0 ||
    map !== undefined ||
    status !== undefined ||
    JSON.stringify(cursor) !== JSON.stringify(state.journal.cursor);

  /** True when everything that is there has been acknowledged. */
  const run = async (): Promise<void> => {
    const { everyMs = 1000, follow = false } = options;
    for (;;) {
      // Looked at before reading: what is written while the end is asked for is still sent.
      const last = !follow || finish?.aborted === true;
      const news = await readFolder(folder, state.journal.cursor);
      if (isNews(news)) await send(news);
      else if (last) return;
      if (signal?.aborted) throw new Stopped();
      if (!news.more && !last) await pause(everyMs, [signal, finish]);
    }
  };
  return run;
};

/** Never throws for what the network or the server does; `signal` ends it at once, `finish` when everything is sent. */
export const upload = async (options: UploadOptions): Promise<Uploaded> => {
  const state: State = { journal: await openJournal(options.folder, options.url), refused: 0, attempt: 0 };
  const outcome = (complete: boolean): Uploaded => ({
    ...{ run: state.journal.run, points: state.journal.points, complete, refused: state.refused },
  });
  try {
    await uploader(options, mlflowClient(options), state)();
    return outcome(true);
  } catch (thrown) {
    if (!(thrown instanceof Stopped)) options.tell?.(thrown instanceof Error ? thrown.message : String(thrown));
    return outcome(false);
  }
};
