/** Faults inside the loops of an evaluation end it as exceptions, and become failures again where it was called. */
import type { DataFault } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure, thrown } from '../core/failure.ts';

class Stop extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.tag);
    this.failure = failure;
  }
}

export const must = async <A>(task: TaskEither<DataFault, A>): Promise<A> => {
  const result = await task();
  if (E.isLeft(result)) throw new Stop(dataFailure(result.left));
  return result.right;
};

export const failureOf = (error: unknown): Failure => (error instanceof Stop ? error.failure : thrown(error));
