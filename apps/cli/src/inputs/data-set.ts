/** A set as a command line names it: a .data file, a data.yaml, a VOC folder, or COCO instances. */
import { existsSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { type DataFault, type ReadSet, readCocoSet, readListedSet, readVocSet, readYoloFolder } from '@gdarknet/data';
import type { FileNotice, NetworkPlan } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { one } from '../arguments/command.ts';
import { optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { dataFailures, type Failure, refused } from '../core/failure.ts';
import { type CfgRules, cfgOf, type ReadCfg } from './cfg.ts';
import { dataOf, keyOf, namesFrom } from './files.ts';

export const dataSetPositional = { data: one('a .data file, a data.yaml, COCO instances or a VOC folder') };

export const dataSetOptions = {
  train: optional(text, {
    placeholder: 'set',
    doc: 'VOC: list of ImageSets/Main for training [trainval with a test list, else train]',
  }),
  valid: optional(text, {
    placeholder: 'set|json',
    doc: 'VOC: list for validation [test, else val]; COCO: its instances',
  }),
  images: optional(text, { placeholder: 'dir', doc: 'COCO: the folder of the images' }),
  validImages: optional(text, { placeholder: 'dir', doc: 'COCO: that of the validation part [--images]' }),
  names: optional(text, { placeholder: 'file', doc: 'VOC: the class names [all that occur, sorted]' }),
};

export type DataSetValues = {
  readonly train: string | undefined;
  readonly valid: string | undefined;
  readonly images: string | undefined;
  readonly validImages: string | undefined;
  readonly names: string | undefined;
};

export type DataSet = { readonly name: string; readonly train: ReadSet; readonly valid?: ReadSet };

const faults = TE.mapLeft((list: readonly DataFault[]): Failure => dataFailures(list));

/** What a list says of itself. */
const told =
  ({ tell }: Context) =>
  (set: TE.TaskEither<Failure, ReadSet>): TE.TaskEither<Failure, ReadSet> =>
    TE.map((read: ReadSet) => {
      for (const note of read.notes ?? []) tell(`note: ${note}`);
      return read;
    })(set);

const listed = (file: string, context: Context): TE.TaskEither<Failure, DataSet> =>
  pipe(
    TE.Do,
    TE.bind('data', () => dataOf(file, context)),
    TE.bind('list', ({ data }) => TE.fromEither(keyOf(data, 'train'))),
    TE.bind('namesFile', ({ data }) => TE.fromEither(keyOf(data, 'names'))),
    TE.bind('names', ({ namesFile }) => namesFrom(namesFile, undefined, context)),
    TE.bind('train', ({ list, names }) => told(context)(faults(readListedSet(list, names)))),
    TE.flatMap(({ data, names, train }) =>
      data.valid === undefined
        ? TE.right({ name: file, train })
        : pipe(
            TE.fromEither(keyOf(data, 'valid')),
            TE.flatMap((list) => told(context)(faults(readListedSet(list, names)))),
            TE.map((valid) => ({ name: file, train, valid })),
          ),
    ),
  );

const yolo = (file: string): TE.TaskEither<Failure, DataSet> =>
  TE.map((parts: { readonly train: ReadSet; readonly valid: ReadSet }) => ({ name: file, ...parts }))(
    faults(readYoloFolder(file)),
  );

const voc = (root: string, values: DataSetValues, context: Context): TE.TaskEither<Failure, DataSet> => {
  const has = (set: string): boolean => existsSync(join(root, 'ImageSets', 'Main', `${set}.txt`));
  const train = values.train ?? (has('trainval') && has('test') ? 'trainval' : 'train');
  const valid = values.valid ?? ['test', 'val'].find((set) => set !== train && has(set));
  const read = (set: string, names: readonly string[] | undefined): TE.TaskEither<Failure, ReadSet> =>
    faults(readVocSet(root, set, { difficult: 'keep', ...(names && { names }) }));
  const names: TE.TaskEither<Failure, readonly string[] | undefined> =
    values.names === undefined ? TE.right(undefined) : namesFrom(values.names, undefined, context);
  return pipe(
    names,
    TE.flatMap((names) => read(train, names)),
    TE.flatMap((train) =>
      valid === undefined
        ? TE.right({ name: root, train })
        : TE.map((valid: ReadSet) => ({ name: root, train, valid }))(read(valid, train.names)),
    ),
  );
};

const coco = (file: string, { images, valid, validImages }: DataSetValues): TE.TaskEither<Failure, DataSet> => {
  if (images === undefined) {
    return TE.left(refused(`${file}: where its images lie is not said`, 'give their folder with --images'));
  }
  return pipe(
    faults(readCocoSet(file, images)),
    TE.flatMap((train) =>
      valid === undefined
        ? TE.right({ name: file, train })
        : TE.map((valid: ReadSet) => ({ name: file, train, valid }))(faults(readCocoSet(valid, validImages ?? images))),
    ),
  );
};

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

export const dataSetOf = (path: string, values: DataSetValues, context: Context): TE.TaskEither<Failure, DataSet> => {
  if (isFolder(path)) {
    const yaml = ['data.yaml', 'data.yml'].map((name) => join(path, name)).find(existsSync);
    if (yaml !== undefined) return yolo(yaml);
    if (existsSync(join(path, 'Annotations'))) return voc(path, values, context);
    const what = `${path}: is a folder with neither Annotations nor data.yaml`;
    return TE.left(refused(what, 'name a .data file, a data.yaml, COCO instances or a VOC folder'));
  }
  const kind = extname(basename(path)).toLowerCase();
  if (kind === '.yaml' || kind === '.yml') return yolo(path);
  return kind === '.json' ? coco(path, values) : listed(path, context);
};

export type SetWithPlan = {
  readonly set: DataSet;
  readonly plan: NetworkPlan | undefined;
  /** What the cfg says. */
  readonly notices: readonly FileNotice[];
};

/** A set, and the network it is for if a cfg is given. */
export const dataSetWithPlan = (
  values: DataSetValues & CfgRules & { readonly data: string; readonly cfg: string | undefined },
  context: Context,
): TE.TaskEither<Failure, SetWithPlan> =>
  pipe(
    TE.Do,
    TE.bind('read', () =>
      values.cfg === undefined
        ? TE.right<Failure, ReadCfg | undefined>(undefined)
        : cfgOf(values.cfg, { ignore: values.ignore, strict: values.strict }, context, 'training'),
    ),
    TE.bind('set', () => dataSetOf(values.data, values, context)),
    TE.map(({ read, set }) => ({ set, plan: read?.plan, notices: read?.notices ?? [] })),
  );
