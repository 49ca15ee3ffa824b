/**
 * Image lists: one path a line (`train=` and `valid=` of a .data file). Carriage returns, surrounding blanks and empty
 * lines are dropped (D-20); order and repeats are kept.
 */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { readText } from '../file.ts';

export const parseImageList = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** So many entries are looked up to learn what the list's relative paths are relative to. */
const probes = 100;

const resolveAgainst = (list: string, paths: readonly string[]): readonly string[] => {
  const relative = paths.filter((p) => !isAbsolute(p)).slice(0, probes);
  const base = dirname(list);
  const besideList = !relative.some((p) => existsSync(p)) && relative.some((p) => existsSync(join(base, p)));
  return besideList ? paths.map((p) => (isAbsolute(p) ? p : join(base, p))) : paths;
};

export type ImageList = {
  readonly paths: readonly string[];
  /** What its author should know. */
  readonly notes: readonly string[];
};

/** Where no file has a backslash in its name, `\\` is the `/` of Windows. */
const withSlashes = (list: string, paths: readonly string[]): ImageList => {
  const isWindows = (path: string): boolean => path.includes('\\') && !existsSync(path);
  const windows = paths.filter(isWindows);
  if (windows.length === 0) return { paths, notes: [] };
  const note = `${list}: ${windows.length} paths with backslashes are read with / in their place, the first ${windows[0]}`;
  return { paths: paths.map((path) => (isWindows(path) ? path.replaceAll('\\', '/') : path)), notes: [note] };
};

/**
 * Paths are used as they stand, as the original does; if none of them exists from the working directory but some do
 * from the list's own folder, they are taken from there. A list without entries is a fault.
 */
export const readImageListWithNotes = (path: string): TE.TaskEither<DataFault, ImageList> =>
  pipe(
    readText(path),
    TE.map(parseImageList),
    TE.filterOrElse(
      (paths) => paths.length > 0,
      (): DataFault => ({
        tag: 'line',
        file: path,
        line: 1,
        found: 'no image paths',
        expected: 'one image path a line',
        advice: 'fill the list or name another one in the .data file',
      }),
    ),
    TE.map((paths) => withSlashes(path, paths)),
    TE.map(({ paths, notes }) => ({ paths: resolveAgainst(path, paths), notes })),
  );

/** The paths of `readImageListWithNotes`. */
export const readImageList = (path: string): TE.TaskEither<DataFault, readonly string[]> =>
  TE.map(({ paths }: ImageList) => paths)(readImageListWithNotes(path));
