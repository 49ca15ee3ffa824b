/** A run's folder `<backup>/<prefix>/`: what it was started with, what happened, weights, charts. Names as the original's. */
import { constants, existsSync } from 'node:fs';
import { access, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { reasonOf, writeWhole } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure, refused } from '../core/failure.ts';

export type RunFolder = {
  readonly path: string;
  /** The cfg's file name up to its first dot. */
  readonly base: string;
  readonly runJson: string;
  /** One JSON object a line, in order of time, never rewritten. */
  readonly events: string;
  readonly log: string;
  readonly map: string;
  readonly backup: string;
  readonly final: string;
  /** The moving average of the weights (`ema_alpha`), under its name in later Darknets. */
  readonly average: string;
  /** What `--resume` goes on from. */
  readonly state: string;
  readonly lock: string;
  readonly numbered: (batch: number) => string;
  readonly chart: (name: 'loss' | 'ap') => string;
};

export const baseOf = (cfg: string): string => cfg.slice(cfg.lastIndexOf('/') + 1).split('.', 1)[0];

export const runFolder = (path: string, cfg: string): RunFolder => {
  const base = baseOf(cfg);
  return {
    path,
    base,
    runJson: join(path, 'run.json'),
    events: join(path, 'events.ndjson'),
    log: join(path, 'log.csv'),
    map: join(path, 'map.txt'),
    backup: join(path, `${base}.backup`),
    final: join(path, `${base}_final.weights`),
    average: join(path, `${base}_ema.weights`),
    state: join(path, 'state'),
    lock: join(path, 'lock'),
    numbered: (batch) => join(path, `${base}_${batch}.weights`),
    chart: (name) => join(path, `${name}.svg`),
  };
};

const newline = '\n'.charCodeAt(0);

/** A run that was killed may have left a line without its end; what follows must not be glued to it. */
const endLastLine = async (path: string): Promise<void> => {
  const handle = await open(path, 'a+');
  try {
    const { size } = await handle.stat();
    if (size === 0) return;
    const { buffer } = await handle.read(new Uint8Array(1), 0, 1, size - 1);
    if (buffer[0] !== newline) await handle.write('\n');
  } finally {
    await handle.close();
  }
};

/** Files of ours that a killed process had not finished. */
const dropUnfinished = async ({ path, base }: RunFolder): Promise<void> => {
  const isOurs = (name: string): boolean =>
    /[.]\d+[.][0-9a-f]{8}[.]part$/.test(name) &&
    ['state.', 'run.json.', `${base}.`, `${base}_`].some((start) => name.startsWith(start));
  for (const name of (await readdir(path)).filter(isOurs)) await rm(join(path, name), { force: true });
};

/** For its owner: what a killed process has left open is ended or removed. */
export const tidyFolder = (folder: RunFolder): TE.TaskEither<Failure, void> =>
  attempt(folder.path, async () => {
    await endLastLine(folder.events);
    await endLastLine(folder.log);
    await dropUnfinished(folder);
  });

const attempt = (file: string, act: () => Promise<void>): TE.TaskEither<Failure, void> =>
  TE.tryCatch(act, (error) => dataFailure({ tag: 'unwritable', file, reason: reasonOf(error) }));

/** Node's `mkdir` says of a folder in one that takes nothing that there is no such folder. */
const whyNot = async (path: string, error: unknown): Promise<string> => {
  let there = dirname(resolve(path));
  while (!existsSync(there)) there = dirname(there);
  return access(there, constants.W_OK).then(
    () => reasonOf(error),
    (denied: unknown) => reasonOf(denied),
  );
};

export const makeFolder =
  ({ path }: RunFolder): TE.TaskEither<Failure, void> =>
  async () => {
    try {
      await mkdir(path, { recursive: true });
      return E.right(undefined);
    } catch (error) {
      const action = 'name another folder with backup= in the .data file or with --prefix, or make this one writable';
      return E.left(refused(`${path}: the run's folder cannot be made: ${await whyNot(path, error)}`, action));
    }
  };

/** Makes it, tidies it, and says what it is started with. */
export const openRun = (folder: RunFolder, run: object): TE.TaskEither<Failure, void> =>
  TE.flatMap(() => TE.mapLeft(dataFailure)(writeWhole(folder.runJson, `${JSON.stringify(run, null, 2)}\n`)))(
    TE.flatMap(() => tidyFolder(folder))(makeFolder(folder)),
  );

export type RunEvent = { readonly type: 'start' | 'batch' | 'save' | 'fault' | 'map' | 'end' } & Readonly<
  Record<string, unknown>
>;

export const eventLine = (event: RunEvent): string => JSON.stringify({ time: new Date().toISOString(), ...event });

const headerBytes = 20;

const allFinite = (weights: Uint8Array): boolean =>
  new Float32Array(weights.slice(headerBytes).buffer).every(Number.isFinite);

/** Whole or not at all; weights that are not finite never replace good ones. */
export const saveWeights =
  (path: string, weights: Uint8Array): TE.TaskEither<Failure, boolean> =>
  async () => {
    if (!allFinite(weights)) return E.right(false);
    const written = await writeWhole(path, weights)();
    return E.isLeft(written) ? E.left(dataFailure(written.left)) : E.right(true);
  };
