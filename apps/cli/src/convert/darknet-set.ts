/** A data set in Darknet's layout: linked images, label files beside them, a list, names and a .data file. */
import { copyFile, mkdir, rm, symlink } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { type DataFault, type Label, reasonOf, writeLabels } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { dataFailure, type Failure } from '../failure.ts';
import { type Output, writeSet } from '../outputs/write-set.ts';

export type Labelled = { readonly image: string; readonly labels: readonly Label[] };
export type Part = { readonly name: string; readonly pictures: readonly Labelled[] };

export type DarknetSet = {
  readonly folder: string;
  readonly names: readonly string[];
  /** The first is for training, the last for validation. */
  readonly parts: readonly Part[];
  readonly eval: 'voc' | 'coco';
};

/** A link where the system has them, a copy elsewhere. */
const place = async (image: string, at: string): Promise<void> => {
  await rm(at, { force: true });
  await symlink(resolve(image), at).catch(() => copyFile(image, at));
};

const writePicture = async (folder: string, part: string, { image, labels }: Labelled): Promise<string> => {
  const at = join(folder, 'images', part, basename(image));
  await place(image, at);
  const written = await writeLabels(join(folder, 'labels', part, `${basename(image, extname(image))}.txt`), labels)();
  if (E.isLeft(written)) throw written.left;
  return at;
};

const isFault = (error: unknown): error is DataFault => typeof error === 'object' && error !== null && 'tag' in error;

/** Gives the path of the .data file. */
export const writeDarknetSet =
  (set: DarknetSet): TaskEither<Failure, string> =>
  async () => {
    const folder = resolve(set.folder);
    const lists: Output[] = [];
    try {
      for (const { name, pictures } of set.parts) {
        await mkdir(join(folder, 'images', name), { recursive: true });
        const paths: string[] = [];
        for (const picture of pictures) paths.push(await writePicture(folder, name, picture));
        lists.push({ path: join(folder, `${name}.txt`), content: paths.map((path) => `${path}\n`).join('') });
      }
    } catch (error) {
      const fault: DataFault = isFault(error) ? error : { tag: 'unwritable', file: folder, reason: reasonOf(error) };
      return E.left(dataFailure(fault));
    }
    const stem = join(folder, basename(folder));
    const settings = [
      ['classes', set.names.length],
      ['train', lists[0].path],
      ['valid', lists[lists.length - 1].path],
      ['names', `${stem}.names`],
      ['backup', join(folder, 'backup')],
      ['results', join(folder, 'results')],
      ['eval', set.eval],
    ];
    const written = await writeSet([
      ...lists,
      { path: `${stem}.names`, content: set.names.map((name) => `${name}\n`).join('') },
      { path: `${stem}.data`, content: settings.map(([key, value]) => `${key} = ${value}\n`).join('') },
    ])();
    return E.isLeft(written) ? written : E.right(`${stem}.data`);
  };
