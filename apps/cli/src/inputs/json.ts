/** JSON files with a known form. */
import { readText } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type * as t from 'io-ts';
import { dataFailure, type Failure } from '../core/failure.ts';

const parsed = (content: string): unknown => {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
};

/** `otherwise` when it is no JSON, or JSON of another form. */
export const jsonOf = <A>(
  codec: t.Type<A, unknown, unknown>,
  file: string,
  otherwise: Failure,
): TE.TaskEither<Failure, A> =>
  pipe(
    TE.mapLeft(dataFailure)(readText(file)),
    TE.flatMapEither((content) => E.mapLeft(() => otherwise)(codec.decode(parsed(content)))),
  );
