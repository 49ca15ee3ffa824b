/**
 * A detection set in Darknet's layout: `images/<part>/`, `labels/<part>/`, a list for each part, COCO instances of
 * each, `<name>.names` and `<name>.data`. Paths inside are absolute, so that the files work from anywhere.
 */
import { copyFile, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type DataFault, reasonOf } from '../fault.ts';
import { writeWhole } from '../file.ts';
import { labelsToCoco } from '../labels/coco.ts';
import { type Label, writeLabels } from '../labels/label.ts';

/** A picture with its boxes; sizes in pixels. */
export type SetEntry = {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly labels: readonly Label[];
};

export type SetParts = { readonly train: readonly SetEntry[]; readonly valid: readonly SetEntry[] };

/** Where things were written; absolute paths. */
export type SetFiles = {
  readonly data: string;
  readonly names: string;
  readonly train: string;
  readonly valid: string;
  /** COCO instances of the validation part; image ids are what the original's `valid` reads from the paths. */
  readonly instances: string;
};

/** The original reads an image id from the digits behind the last underscore of a path, else behind the last slash. */
export const imageIdOf = (path: string): number | undefined => {
  const name = basename(path, extname(path));
  const digits = /^\d+/.exec(name.slice(name.lastIndexOf('_') + 1));
  return digits === null ? undefined : Number(digits[0]);
};

/** COCO instances of pictures; image ids are those that the paths carry, where all do and none twice. */
export const instancesOf = (entries: readonly SetEntry[], names: readonly string[]): string => {
  const ids = entries.map(({ path }) => imageIdOf(path));
  const usable = ids.every((id) => id !== undefined) && new Set(ids).size === ids.length;
  const images = entries.map(({ path, width, height, labels }, i) => ({
    image: { id: (usable ? ids[i] : undefined) ?? i + 1, file_name: basename(path), width, height },
    labels,
  }));
  return JSON.stringify(labelsToCoco(images, names));
};

/** Writes the lists, instances, names and settings of pictures that are already in their places. */
export const writeSetFiles = (
  folder: string,
  name: string,
  parts: SetParts,
  names: readonly string[],
): TE.TaskEither<DataFault, SetFiles> => {
  const root = resolve(folder);
  const files: SetFiles = {
    data: join(root, `${name}.data`),
    names: join(root, `${name}.names`),
    train: join(root, 'train.txt'),
    valid: join(root, 'valid.txt'),
    instances: join(root, 'instances_valid.json'),
  };
  const settings = [
    ['classes', names.length],
    ['train', files.train],
    ['valid', files.valid],
    ['names', files.names],
    ['backup', join(root, 'backup')],
    ['results', join(root, 'results')],
    ['eval', 'coco'],
  ];
  const lines = (values: readonly string[]): string => values.map((value) => `${value}\n`).join('');
  const list = (entries: readonly SetEntry[]): string => lines(entries.map(({ path }) => path));
  return pipe(
    writeWhole(files.train, list(parts.train)),
    TE.flatMap(() => writeWhole(files.valid, list(parts.valid))),
    TE.flatMap(() => writeWhole(files.instances, instancesOf(parts.valid, names))),
    TE.flatMap(() => writeWhole(files.names, lines(names))),
    TE.flatMap(() => writeWhole(files.data, lines(settings.map(([key, value]) => `${key} = ${value}`)))),
    TE.map(() => files),
  );
};

/**
 * A file name for each picture, different for pictures that have the same name in different folders: their folders'
 * names go in front.
 */
export const fileNames = (entries: readonly SetEntry[]): readonly string[] => {
  const taken = new Map<string, string>();
  return entries.map(({ path }) => {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    for (let depth = 1; ; depth++) {
      const plain = parts.slice(-depth).join('-');
      const name = depth <= parts.length ? plain : `${depth}-${plain}`;
      // Names that differ in their endings only would share a label file.
      const stem = name.slice(0, name.length - extname(name).length);
      const holder = taken.get(stem);
      if (holder !== undefined && holder !== path) continue;
      taken.set(stem, path);
      return name;
    }
  });
};

const sameFile = async (a: string, b: string): Promise<boolean> => {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return first !== undefined && first === second;
};

/** A copy of a picture, or a symbolic link to it, in the place of whatever was there. */
export const placeFile = (from: string, to: string, how: 'copy' | 'link'): TE.TaskEither<DataFault, void> =>
  TE.tryCatch(
    async () => {
      await mkdir(dirname(to), { recursive: true });
      // A set converted into its own folder keeps its pictures.
      if (await sameFile(from, to)) return;
      await rm(to, { force: true });
      await (how === 'copy' ? copyFile(from, to) : symlink(resolve(from), to));
    },
    (thrown): DataFault => ({ tag: 'unwritable', file: to, reason: reasonOf(thrown) }),
  );

/**
 * Puts pictures from anywhere into Darknet's layout under `folder`, copied or as symbolic links, with their labels
 * and everything that `train`, `valid` and `eval` need.
 */
export const writeSet = (
  folder: string,
  name: string,
  parts: SetParts,
  names: readonly string[],
  images: 'copy' | 'link' = 'copy',
): TE.TaskEither<DataFault, SetFiles> => {
  const root = resolve(folder);
  const movePart = (part: keyof SetParts): TE.TaskEither<DataFault, readonly SetEntry[]> => {
    const files = fileNames(parts[part]);
    return TE.traverseSeqArrayWithIndex((i: number, entry: SetEntry): TE.TaskEither<DataFault, SetEntry> => {
      const file = files[i];
      const path = join(root, 'images', part, file);
      const labels = join(root, 'labels', part, `${file.slice(0, file.length - extname(file).length)}.txt`);
      return pipe(
        placeFile(entry.path, path, images),
        TE.flatMap(() => writeLabels(labels, entry.labels)),
        TE.map(() => ({ ...entry, path })),
      );
    })(parts[part]);
  };
  return pipe(
    TE.Do,
    TE.bind('train', () => movePart('train')),
    TE.bind('valid', () => movePart('valid')),
    TE.flatMap((moved) => writeSetFiles(root, name, moved, names)),
  );
};
