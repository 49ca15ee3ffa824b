/** `gdarknet data get`: the data sets and weights that the original's scripts and README fetch. */
import { join } from 'node:path';
import { type DataSourceName, dataSources, download, finishSource, type SourceFile, unpackOnce } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { dataFailure, dataFailures, type Failure, refused } from '../core/failure.ts';

const isName = (name: string): name is DataSourceName => Object.hasOwn(dataSources, name);

/** The same path on another server. */
const mirrored = (url: string, mirror: string | undefined): string =>
  mirror === undefined ? url : new URL(new URL(url).pathname.slice(1), `${mirror.replace(/\/$/, '')}/`).href;

type Values = {
  readonly out: string;
  readonly mirror: string | undefined;
  readonly only: string | undefined;
  readonly unchecked: boolean;
};

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

const getOne = (
  file: SourceFile,
  { out, mirror, unchecked }: Values,
  context: Context,
): TE.TaskEither<Failure, void> => {
  const path = join(out, file.path);
  const url = mirrored(file.url, mirror);
  context.tell(`${url} -> ${path}`);
  let progress: ReturnType<Context['progress']> | undefined;
  const fetched = download(url, path, {
    ...(file.checksum && !unchecked && { checksum: file.checksum }),
    signal: context.signal,
    onProgress: (bytes, total) => {
      progress ??= context.progress(file.path, megabytes(total ?? 0), 'MB');
      progress.advance(megabytes(bytes));
    },
  });
  return pipe(
    fetched,
    TE.mapLeft(dataFailure),
    (task) => async () => {
      const done = await task();
      progress?.end();
      return done;
    },
    TE.flatMap(() =>
      file.unpackInto === undefined
        ? TE.right(undefined)
        : pipe(
            unpackOnce(path, join(out, file.unpackInto)),
            TE.bimap(dataFailure, (how) => {
              if (how === 'was there')
                context.tell(`${path}: unpacked already; remove ${path}.unpacked to do it again`);
            }),
          ),
    ),
  );
};

export const dataGet = command({
  path: ['data', 'get'],
  product: 'files',
  summary: 'Fetch voc, coco2014, coco2017, openimages or weights: resumed, checked, unpacked, with lists and labels.',
  details: [
    'What was interrupted goes on where it was; a file that is there is not fetched again. Archives are unpacked beside, once.',
    'openimages fetches the annotations; the pictures are fetched with the tools of OpenImages, then gdarknet convert openimages.',
  ],
  examples: ['gdarknet data get voc --out voc', 'gdarknet data get weights --only coco-giou-12'],
  positionals: { name: one('voc, coco2014, coco2017, openimages or weights') },
  options: {
    out: withDefault(text, '.', { placeholder: 'dir', doc: 'where to; made when missing' }),
    only: optional(text, { placeholder: 'text', doc: 'only the files with this in their path, and no lists' }),
    mirror: optional(text, { placeholder: 'url', doc: 'fetch the same paths from another server' }),
    unchecked: flag('take files whose checksums are others, of a mirror that packed them anew'),
    list: flag('only show what would be fetched'),
    json,
  },
  run: (values, context) => {
    const { name } = values;
    if (!isName(name)) {
      return TE.left(refused(`${name}: is no known set`, `give one of ${Object.keys(dataSources).join(', ')}`));
    }
    const all: readonly SourceFile[] = dataSources[name];
    const files = all.filter(({ path }) => values.only === undefined || path.includes(values.only));
    if (values.list) {
      const lines = files.map(({ url, path }) => `${mirrored(url, values.mirror)} -> ${join(values.out, path)}`);
      return TE.fromIO(() => context.print(values.json ? JSON.stringify(files) : lines.join('\n')));
    }
    const finish = values.only === undefined ? finishSource[name] : undefined;
    return pipe(
      files,
      TE.traverseSeqArray((file) => getOne(file, values, context)),
      TE.flatMap(() =>
        finish === undefined
          ? TE.right(files.map(({ path }) => join(values.out, path)))
          : TE.mapLeft(dataFailures)(finish(values.out)),
      ),
      TE.map((made) => context.print(values.json ? JSON.stringify({ files: made }) : made.join('\n'))),
    );
  },
});
