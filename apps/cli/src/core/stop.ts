/** Inside a long loop a failure ends the work as an exception, and becomes a failure again where the work was begun. */
import type { DataFault } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure, thrown } from './failure.ts';

export class Stop extends Error {
  override readonly name = 'Stop';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.tag);
    this.failure = failure;
  }
}

export const orStop = <A>(done: E.Either<Failure, A>): A => {
  if (E.isLeft(done)) throw new Stop(done.left);
  return done.right;
};

export const must = async <A>(task: TaskEither<DataFault, A>): Promise<A> =>
  orStop(E.mapLeft(dataFailure)(await task()));

export const failureOf = (error: unknown): Failure => (error instanceof Stop ? error.failure : thrown(error));
