/** Sets of pictures with label files beside them: Darknet's image lists, and folders with a YOLO `data.yaml`. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, relative } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { type DataFault, reasonOf } from '../fault.ts';
import { readText } from '../file.ts';
import { readImageSize } from '../image/size.ts';
import { readImageList, readImageListWithNotes } from '../labels/image-list.ts';
import { readLabels } from '../labels/label.ts';
import { findLabelPath } from '../labels/label-path.ts';
import type { SetEntry } from './darknet.ts';
import type { ReadSet } from './read.ts';
import { mapTogether } from './together.ts';

type Faults = readonly DataFault[];
const one = (fault: DataFault): Faults => [fault];

type Read = { readonly entry: SetEntry | undefined; readonly faults: Faults };

const readEntry =
  (classes: number) =>
  async (path: string): Promise<Read> => {
    const size = await readImageSize(path)();
    if (E.isLeft(size)) return { entry: undefined, faults: [size.left] };
    const labels = await readLabels(findLabelPath(path), { classes })();
    if (E.isLeft(labels)) return { entry: undefined, faults: [labels.left] };
    return { entry: { path, ...size.right, labels: labels.right.labels }, faults: labels.right.faults };
  };

/** Pictures and the labels found for them (SPEC 7.1). A picture or a line that cannot be used is a fault and left out. */
export const readPictures =
  (paths: readonly string[], names: readonly string[]): TE.TaskEither<Faults, ReadSet> =>
  async () => {
    const read = await mapTogether(paths, readEntry(names.length));
    return E.right({
      names,
      entries: read.flatMap(({ entry }) => (entry ? [entry] : [])),
      faults: read.flatMap(({ faults }) => faults),
    });
  };

/** One part of a Darknet set: the pictures of a list. */
export const readListedSet = (list: string, names: readonly string[]): TE.TaskEither<Faults, ReadSet> =>
  pipe(
    readImageListWithNotes(list),
    TE.mapLeft(one),
    TE.flatMap(({ paths, notes }) => TE.map((set: ReadSet) => ({ ...set, notes }))(readPictures(paths, names))),
  );

/** What a `data.yaml` says; paths are resolved. A part may be folders of pictures, or lists of them. */
export type YoloFolder = {
  readonly file: string;
  readonly names: readonly string[];
  readonly train: readonly string[];
  readonly valid: readonly string[];
  readonly test: readonly string[];
};

type Node = { readonly [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A list, or a map from index to name; every index from 0 must be there. */
const namesIn = (value: unknown): readonly string[] | undefined => {
  const list = isNode(value) ? Object.keys(value).map((_, i) => value[String(i)]) : value;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const names = list.map((name) => (typeof name === 'number' ? String(name) : name));
  return names.every(isText) ? names : undefined;
};

const document = (text: string, file: string): E.Either<Faults, Node> => {
  const fault = (line: number, found: string): Faults => [
    { tag: 'line', file, line, found, expected: 'a map of YAML keys: train, val, names', advice: 'correct the file' },
  ];
  try {
    const root: unknown = parseYaml(text, { maxAliasCount: 20 });
    return isNode(root) ? E.right(root) : E.left(fault(1, show(root)));
  } catch (thrown) {
    const line = thrown instanceof YAMLParseError ? (thrown.linePos?.[0].line ?? 1) : 1;
    return E.left(fault(line, reasonOf(thrown)));
  }
};

/** Paths are relative to `path`, that to the file. All faults of the file together. */
export const parseYoloFolder = (text: string, file: string): E.Either<Faults, YoloFolder> =>
  pipe(
    document(text, file),
    E.flatMap((root) => {
      const faults: DataFault[] = [];
      const fault = (key: string, expected: string): void => {
        faults.push({ tag: 'key', file, key, found: show(root[key]), expected, advice: 'correct the file' });
      };
      const here = dirname(file);
      const base = isText(root.path) ? (isAbsolute(root.path) ? root.path : join(here, root.path)) : here;
      const part = (key: string, needed: boolean): readonly string[] => {
        const value = root[key];
        if (value === undefined || value === null) {
          if (needed) fault(key, 'a folder of pictures, a list file, or several');
          return [];
        }
        const all = Array.isArray(value) ? value : [value];
        if (all.length > 0 && all.every(isText)) return all.map((p) => (isAbsolute(p) ? p : join(base, p)));
        fault(key, 'a folder of pictures, a list file, or several');
        return [];
      };
      const names = namesIn(root.names);
      if (names === undefined) fault('names', 'class names, as a list or by index from 0');
      if (root.nc !== undefined && names !== undefined && root.nc !== names.length) {
        fault('nc', `the number of names, ${names.length}`);
      }
      const parts = { train: part('train', true), valid: part('val', true), test: part('test', false) };
      return faults.length > 0 ? E.left(faults) : E.right({ file, names: names ?? [], ...parts });
    }),
  );

const pictureExtensions = new Set(['.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.gif', '.avif', '.ppm']);

const isPicture = (name: string): boolean => pictureExtensions.has(extname(name).toLowerCase());

/** Pictures of a folder and its folders, sorted; or the entries of a list. */
const picturesAt = (path: string): TE.TaskEither<Faults, readonly string[]> =>
  pipe(
    TE.tryCatch(
      async () => (await stat(path)).isDirectory(),
      (thrown): Faults => [{ tag: 'unreadable', file: path, reason: reasonOf(thrown) }],
    ),
    TE.flatMap((folder) =>
      folder
        ? TE.tryCatch(
            async () =>
              (await readdir(path, { recursive: true }))
                .filter(isPicture)
                .sort()
                .map((p) => join(path, p)),
            (thrown): Faults => [{ tag: 'unreadable', file: path, reason: reasonOf(thrown) }],
          )
        : TE.mapLeft(one)(readImageList(path)),
    ),
  );

/** Many a file says `../train/images` and means the folder beside it. */
const meantBeside = (file: string, path: string): string =>
  join(dirname(file), relative(join(dirname(file), '..'), path));

/** The parts of a `data.yaml`. */
export const readYoloFolder = (file: string): TE.TaskEither<Faults, { readonly [P in 'train' | 'valid']: ReadSet }> => {
  const read = (paths: readonly string[], names: readonly string[]): TE.TaskEither<Faults, ReadSet> =>
    pipe(
      paths,
      TE.traverseSeqArray((path) =>
        TE.orElse((faults: Faults) =>
          pipe(
            picturesAt(meantBeside(file, path)),
            TE.mapLeft(() => faults),
          ),
        )(picturesAt(path)),
      ),
      TE.flatMap((lists) => readPictures(lists.flat(), names)),
    );
  return pipe(
    readText(file),
    TE.mapLeft(one),
    TE.flatMapEither((text) => parseYoloFolder(text, file)),
    TE.flatMap(({ names, train, valid }) =>
      pipe(
        TE.Do,
        TE.bind('train', () => read(train, names)),
        TE.bind('valid', () => read(valid, names)),
      ),
    ),
  );
};
