/** The weights in a run's folder that can be evaluated, by the names the original gives them (SPEC 3). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '@gdarknet/data';
import type { MapRow } from '@gdarknet/data/runs';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure } from '../core/failure.ts';

export type Checkpoint = {
  /** The batch, or `final`. */
  readonly id: MapRow['id'];
  readonly file: string;
};

const nameForm = /_(\d+|final)[.]weights$/;

/** As a number that sorts: the final weights are the newest. */
export const rankOf = (id: MapRow['id']): number => (id === 'final' ? Number.POSITIVE_INFINITY : id);

export const checkpointOf = (folder: string, name: string): readonly Checkpoint[] => {
  const id = nameForm.exec(name)?.[1];
  return id === undefined ? [] : [{ id: id === 'final' ? 'final' : Number(id), file: join(folder, name) }];
};

/** The newest first; those of batches before `minId` are left out. */
export const checkpointsIn = (folder: string, minId: number): TE.TaskEither<Failure, readonly Checkpoint[]> =>
  TE.tryCatch(
    async () =>
      (await readdir(folder))
        .flatMap((name) => checkpointOf(folder, name))
        .filter(({ id }) => rankOf(id) >= minId)
        .sort((a, b) => rankOf(b.id) - rankOf(a.id) || a.file.localeCompare(b.file)),
    (error) => dataFailure({ tag: 'unreadable', file: folder, reason: reasonOf(error) }),
  );
