/**
 * What a run saves and when: weights on the original's schedule and under its names, the moving average, the state. A file
 * that cannot be written is tried again; the one from before stays, and training goes on.
 */
import { performance } from 'node:perf_hooks';
import type { Trainer } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { Context } from '../core/context.ts';
import { type Failure, refused, showFailure } from '../core/failure.ts';
import type { Records } from './records.ts';
import { type RunFolder, saveWeights } from './run-folder.ts';
import { crosses, savesAt } from './schedule.ts';
import { isSound, type RunState, writeState } from './state-file.ts';

export type Progress = {
  readonly batch: number;
  readonly position: number;
  readonly average: number | undefined;
};

export type KeeperOptions = {
  readonly trainer: Trainer;
  readonly folder: RunFolder;
  readonly records: Records;
  readonly tell: Context['tell'];
  /** Whether a `state` is kept. */
  readonly resumable: boolean;
  /** Save the state at the latest after so many minutes. */
  readonly minutes: number;
  readonly batch: number;
  readonly lastSave: number;
  /** The batch that training ends with. */
  readonly limit: number;
};

/** After a failure, at multiples of so many batches. */
const retryEvery = 10;

/** Weights that are no numbers can only be told of. */
export const unsound = (batch: number, folder: RunFolder): Failure =>
  refused(
    `batch ${batch}: the weights are not finite any more; training stops, what was saved before is as it was`,
    `lower learning_rate or give --clip-norm, and go on from ${folder.backup}`,
  );

type Told = Pick<KeeperOptions, 'folder' | 'records' | 'tell'>;

const tellKept = ({ tell }: Told, path: string, batch: number, failure: Failure): void => {
  for (const line of showFailure(failure)) tell(line);
  tell(`batch ${batch}: ${path} stays as it was`);
};

const tellRetry = ({ tell }: Told, batch: number): void => {
  const next = (Math.floor(batch / retryEvery) + 1) * retryEvery;
  tell(`batch ${batch}: training goes on; what could not be saved is tried again at batch ${next}`);
};

/** False: they could not be written, and that has been told. The left is for weights that are not finite. */
const saveWeightsAs = async (
  told: Told,
  path: string,
  batch: number,
  weights: Uint8Array,
): Promise<E.Either<Failure, boolean>> => {
  const done = await saveWeights(path, weights)();
  if (E.isLeft(done)) {
    tellKept(told, path, batch, done.left);
    return E.right(false);
  }
  if (!done.right) return E.left(unsound(batch, told.folder));
  await told.records.event({ type: 'save', batch, file: path });
  told.tell(`Saving weights to ${path}`);
  return E.right(true);
};

/** Records of earlier batches come first, so that none is lost when a run goes on from this state. */
const saveStateAs = async (told: Told, batch: number, state: () => Promise<RunState>) => {
  const { folder, records } = told;
  if (!(await records.settle())) return E.right(false);
  const taken = await state();
  if (!isSound(taken.snapshot)) return E.left(unsound(batch, folder));
  const written = await writeState(folder.state, taken)();
  if (E.isLeft(written)) {
    tellKept(told, folder.state, batch, written.left);
    return E.right(false);
  }
  return E.right(true);
};

export type Keeper = ReturnType<typeof openKeeper>;

export const openKeeper = (options: KeeperOptions) => {
  const { trainer, folder, resumable, minutes, limit } = options;
  let { batch: before, lastSave } = options;
  let triedAt = performance.now();
  let stateBatch: number | undefined;
  let savedBatch: number | undefined;
  let asked = false;
  const owed = new Set<'backup' | 'numbered'>();
  const saveAs = (path: string, batch: number, weights: Uint8Array) => saveWeightsAs(options, path, batch, weights);

  const saveState = async ({ batch, position, average }: Progress): Promise<E.Either<Failure, boolean>> => {
    if (!resumable) return E.right(true);
    triedAt = performance.now();
    const saved = await saveStateAs(options, batch, async () => ({
      snapshot: await trainer.snapshot(),
      counters: { position, average, lastSave },
    }));
    if (E.isRight(saved) && saved.right) stateBatch = batch;
    return saved;
  };

  const saveBackup = async (progress: Progress, weights: Uint8Array): Promise<E.Either<Failure, boolean>> => {
    const { batch } = progress;
    const results = [await saveAs(folder.backup, batch, weights)];
    if (trainer.averaged) results.push(await saveAs(folder.average, batch, await trainer.weights('average')));
    results.push(await saveState(progress));
    return E.map((all: readonly boolean[]) => all.every(Boolean))(E.sequenceArray(results));
  };

  const dueAt = (batch: number) => {
    const { backup, numbered } = savesAt(batch, lastSave, before);
    const late = resumable && performance.now() - triedAt > minutes * 60_000;
    const again = owed.size > 0 && crosses(before, batch, retryEvery);
    return { backup: backup || late || asked, numbered, any: backup || numbered || late || again || asked };
  };

  return {
    /** Somebody wants a save after the next batch. */
    ask: (): void => {
      asked = true;
    },
    /** The batch of the last save; undefined when nothing has been saved. */
    savedAt: (): number | undefined => savedBatch,
    /** Whether something is to be saved after a batch. */
    isDue: (batch: number): boolean => dueAt(batch).any,
    /** The batch that `--resume` would go on from. */
    resumesAt: (): number | undefined => stateBatch,
    saveState,
    saveBackup,
    saveAs,
    /** Whatever is due after a batch; the right tells whether anything was saved. */
    after: async (progress: Progress): Promise<E.Either<Failure, Uint8Array | undefined>> => {
      const { batch } = progress;
      const due = dueAt(batch);
      if (due.backup) owed.add('backup');
      if (due.numbered) owed.add('numbered');
      before = batch;
      if (!due.any) return E.right(undefined);
      const weights = await trainer.weights();
      if (owed.has('numbered')) {
        const saved = await saveAs(folder.numbered(batch), batch, weights);
        if (E.isLeft(saved)) return saved;
        if (saved.right) {
          owed.delete('numbered');
          lastSave = batch;
        }
      }
      if (owed.has('backup')) {
        const saved = await saveBackup(progress, weights);
        if (E.isLeft(saved)) return saved;
        if (saved.right) {
          owed.delete('backup');
          savedBatch = batch;
          asked = false;
        }
      }
      if (owed.size > 0 && batch < limit) tellRetry(options, batch);
      return E.right(weights);
    },
  };
};
