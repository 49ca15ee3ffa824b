/** A trainer from the files and options of a command. */
import type { Device } from '@gdarknet/tensor';
import { createTrainer, type Trainer, type TrainerOptions } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Failure, modelFailure, thrown } from '../core/failure.ts';
import type { TrainValues } from './options.ts';

type Values = Pick<TrainValues, 'seed' | 'gradient' | 'ignore' | 'strict'> &
  Partial<Pick<TrainValues, 'clear' | 'partial' | 'allowUnsound' | 'freeze' | 'clipNorm' | 'memory'>>;

export type TrainerChoice = {
  readonly values: Values;
  readonly cfg: { readonly file: string; readonly text: string };
  readonly weights: { readonly file: string; readonly bytes: Uint8Array } | undefined;
} & Pick<TrainerOptions, 'rateFactor' | 'burnInFactor' | 'team'>;

const create = ({ values, cfg, weights, ...rest }: TrainerChoice, device: Device): TE.TaskEither<Failure, Trainer> =>
  pipe(
    TE.tryCatch(
      () =>
        createTrainer({
          ...rest,
          ...values,
          device,
          cfg: cfg.text,
          cfgFile: cfg.file,
          weights: weights?.bytes,
          weightsFile: weights?.file,
          memory: values.memory === undefined ? undefined : values.memory * 2 ** 20,
        }),
      thrown,
    ),
    TE.flatMapEither(E.mapLeft(modelFailure)),
  );

/** Creates, uses and closes. */
export const withTrainer =
  (choice: TrainerChoice, device: Device) =>
  <A>(use: (trainer: Trainer) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    TE.bracket(create(choice, device), use, (trainer) => async () => E.right(trainer.close()));
