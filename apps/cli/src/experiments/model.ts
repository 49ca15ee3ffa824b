/** A network and its weights from files, for the commands that work on weights themselves. */
import { type NetworkPlan, type NetworkWeights, readWeights, writeWeights } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure } from '../core/failure.ts';
import { bytesOf, checked } from '../inputs/files.ts';
import type { Output } from '../outputs/write-set.ts';

export type WeightsRules = { readonly partial?: boolean; readonly allowUnsound?: boolean };

export const weightsFrom =
  (plan: NetworkPlan, context: Context, { partial = false, allowUnsound = false }: WeightsRules = {}) =>
  (file: string): TE.TaskEither<Failure, NetworkWeights> =>
    pipe(
      bytesOf(file),
      TE.flatMapEither((bytes) => checked(context)(readWeights(bytes, plan, { file, partial, allowUnsound }))),
    );

/** A weights file to write. */
export const weightsOutput =
  (plan: NetworkPlan, file: string) =>
  (weights: NetworkWeights): E.Either<Failure, Output> =>
    E.bimap(
      modelFailure,
      (content: Uint8Array): Output => ({ path: file, content }),
    )(writeWeights(weights, plan, { file }));
