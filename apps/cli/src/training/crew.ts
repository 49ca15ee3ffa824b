/** Who trains: this process alone, its threads, or the processes that MPI has started. */

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, refused, showFailure, thrown } from '../core/failure.ts';
import { kernelsIn, openChosen } from '../inputs/device.ts';
import type { Crew } from '../parallel/crew.ts';
import { launchOf, MpiError, openMpiCrew } from '../parallel/mpi.ts';
import { openThreadCrew } from '../parallel/threads.ts';
import type { TrainFiles } from './files.ts';
import type { TrainValues } from './options.ts';

export type Joined = { readonly crew: Crew | undefined; readonly kernels: string | undefined };

/** What the threads of a crew are given. */
export type ThreadTask = {
  readonly values: TrainValues;
  readonly files: TrainFiles;
  readonly kernels: string | undefined;
};

/** Beside this file as TypeScript when run from source, beside the bundle otherwise. */
const threadScript = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './crew-thread.ts' : './member.js', import.meta.url);

/** What this machine would choose; members must not choose each for itself. */
const chosenKernels = ({ device }: TrainValues): TE.TaskEither<Failure, string | undefined> =>
  pipe(
    openChosen({ device, threads: 1 }),
    TE.flatMap((opened) => async () => {
      const kernels = kernelsIn(opened.description);
      await opened.close();
      return E.right(kernels);
    }),
  );

const labelLength = 256;

/** Member 0's label to all. */
const shareLabel = async ({ team }: Crew, label: string): Promise<string> => {
  const codes = new Float32Array(labelLength);
  if (team.rank === 0) codes.set(Array.from(label.slice(0, labelLength), (letter) => letter.charCodeAt(0)));
  await team.share(codes);
  return Array.from(
    codes.filter((code) => code !== 0),
    (code) => String.fromCharCode(code),
  ).join('');
};

/** A sum that goes on beside the computing wants a core of its own. */
const overlapsOn = ({ overlap, device, threads }: TrainValues, localSize: number): boolean =>
  overlap === 'auto'
    ? device === 'webgpu' || (threads !== undefined && threads * localSize < availableParallelism())
    : overlap === 'yes';

const open = (
  values: TrainValues,
  files: TrainFiles,
  kept: string | undefined,
  context: Context,
): TE.TaskEither<Failure, Joined> => {
  const launch = launchOf(process.env);
  const size = values.dryRun ? 1 : (values.gpus?.length ?? 1);
  if (launch === undefined && size < 2) return TE.right({ crew: undefined, kernels: kept });
  if (launch && size > 1) {
    return TE.left(refused('-gpus and MPI: found both', 'start one process for each device, or one with -gpus'));
  }
  if (launch && values.dryRun) {
    return TE.left(
      refused('--dry-run and MPI: found both', 'start one process: it tells what each of several would take'),
    );
  }
  return pipe(
    kept === undefined ? chosenKernels(values) : TE.right(kept),
    TE.flatMap((kernels) =>
      TE.tryCatch(
        async () => {
          if (launch === undefined) {
            const task: ThreadTask = { values, files, kernels };
            const crew = openThreadCrew(threadScript(), { size, sync: values.sync, task }, context);
            return { crew, kernels };
          }
          const crew = await openMpiCrew(launch, values.sync, overlapsOn(values, launch.localSize));
          return { crew, kernels: (await shareLabel(crew, kernels ?? '')) || undefined };
        },
        (error) => (error instanceof MpiError ? refused(error.message, 'or start one process') : thrown(error)),
      ),
    ),
  );
};

/** Opens, uses, and closes; where it went wrong here, the others are told to end. */
export const withCrew =
  (values: TrainValues, files: TrainFiles, kept: string | undefined, context: Context) =>
  <A>(use: (joined: Joined) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    pipe(
      open(values, files, kept, context),
      TE.flatMap((joined) => async () => {
        const { crew } = joined;
        const done = await use(joined)().catch((error: unknown) => E.left<Failure>(thrown(error)));
        if (crew && E.isLeft(done) && done.left.tag !== 'interrupted') {
          if (crew.abortEnds) {
            // There will be no later, and a launcher drops what it has not passed on when a process aborts.
            for (const line of showFailure(done.left)) context.tell(`gdarknet: ${line}`);
            await sleep(500);
          }
          crew.abort();
        }
        await crew?.close();
        return done;
      }),
    );
