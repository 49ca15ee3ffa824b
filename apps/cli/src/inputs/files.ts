/** Files that commands name, and what they say of each other. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { readImageListWithNotes, readText, readWhole } from '@gdarknet/data';
import { type DataConfig, type FileResult, foldNotices, parseData, parseNames, showNotice } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { dataFailure, type Failure, modelFailure, refused } from '../core/failure.ts';

export const textOf = (path: string): TE.TaskEither<Failure, string> => TE.mapLeft(dataFailure)(readText(path));

export const bytesOf = (path: string): TE.TaskEither<Failure, Uint8Array> => TE.mapLeft(dataFailure)(readWhole(path));

/** The value of a reader's result; its notices are told. */
export const checked =
  (context: Context) =>
  <A>(result: FileResult<A>): E.Either<Failure, A> =>
    pipe(
      result,
      E.bimap(modelFailure, ({ value, notices }) => {
        for (const notice of foldNotices(notices)) context.tell(`note: ${showNotice(notice)}`);
        return value;
      }),
    );

export const dataOf = (path: string, context: Context): TE.TaskEither<Failure, DataConfig> =>
  pipe(
    textOf(path),
    TE.flatMapEither((text) => checked(context)(parseData(text, { file: path }))),
  );

/** A path in a .data file is taken as it stands, as the original does, or from the file's own folder if it is only there. */
export const besideData = ({ file }: DataConfig, path: string): string => {
  const beside = join(dirname(file), path);
  return !isAbsolute(path) && !existsSync(path) && existsSync(beside) ? beside : path;
};

/** A key that the command cannot do without. */
export const keyOf = (data: DataConfig, key: 'train' | 'valid' | 'names'): E.Either<Failure, string> => {
  const value = data[key];
  return value === undefined
    ? E.left(refused(`${data.file}: has no ${key}=`, `add a line ${key} = <file>`))
    : E.right(besideData(data, value));
};

/** The class names, as many as the network has classes. */
export const namesOf = (
  data: DataConfig,
  classes: number,
  context: Context,
): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    TE.fromEither(keyOf(data, 'names')),
    TE.flatMap((file) => namesFrom(file, classes, context)),
  );

export const namesFrom = (
  file: string,
  classes: number | undefined,
  context: Context,
): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    textOf(file),
    TE.flatMapEither((text) =>
      checked(context)(parseNames(text, { file, ...(classes === undefined ? {} : { classes }) })),
    ),
  );

/** What a list says of itself is told. */
export const imagesOf = (
  data: DataConfig,
  key: 'train' | 'valid',
  { tell }: Context,
): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    TE.fromEither(keyOf(data, key)),
    TE.flatMap((list) => TE.mapLeft(dataFailure)(readImageListWithNotes(list))),
    TE.map(({ paths, notes }) => {
      for (const note of notes) tell(`note: ${note}`);
      return paths;
    }),
  );
