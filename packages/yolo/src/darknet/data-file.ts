/**
 * `.data` files (SPEC 2): where the images, names and results of a data set are. Paths come back as written; the caller
 * resolves them. Unlike the original, blanks inside a path are kept, and what a command needs but the file lacks is
 * `undefined` here instead of a path that nobody has (`data/train.list`).
 */
import * as E from 'fp-ts/lib/Either.js';
import { byLine, type FileFault, type FileNotice, type FileResult } from './fault.ts';
import { optional, text, whole, word } from './field.ts';
import { without } from './key-rule.ts';
import { type Entry, notText, parseEntry, significantLines } from './lines.ts';
import { sectionReader } from './section-rule.ts';

export const evalKinds = ['voc', 'coco', 'imagenet'] as const;
export type EvalKind = (typeof evalKinds)[number];

const readFields = sectionReader({
  tolerant: true,
  keys: {
    classes: optional(whole(0, { min: 1 })),
    /** List of image paths, one a line. */
    train: optional(text('')),
    valid: optional(text('')),
    names: optional(text('')),
    /** Folder of the weights written in training; `prefix` is a folder in it. */
    backup: optional(text('')),
    prefix: text(''),
    results: text('results'),
    eval: word(evalKinds, 'voc', 'voc'),
    map: optional(text('')),
    /** Another spelling of `names`. */
    labels: optional(text('')),
    ...without('only for classifiers, which are not implemented', 'top', 'tree', 'leaves', 'underscore', 'test'),
    ...without('weights are saved as the original does', 'saveweights', 'savelast'),
    ...without('objects are difficult by their annotations', 'difficult'),
  },
  complete: ({ labels, ...data }) => ({ ...data, names: data.names ?? labels }),
});

export type DataConfig = NonNullable<ReturnType<typeof readFields>['value']> & { readonly file: string };

const pathKeys: readonly string[] = ['train', 'valid', 'names', 'labels', 'backup', 'prefix', 'results', 'map'];

/** Backslashes of Windows as `/`, which every system takes; the entry as it was goes into `windows`. */
const withSlashes = (entry: Entry, windows: Entry[]): Entry => {
  if (!pathKeys.includes(entry.key) || !entry.value.includes('\\')) return entry;
  windows.push(entry);
  return { ...entry, value: entry.value.replaceAll('\\', '/') };
};

const slashNotice = (file: string, [first, ...rest]: readonly Entry[]): readonly FileNotice[] => {
  if (first === undefined) return [];
  const keys = [first, ...rest].map(({ key }) => key).join(', ');
  return [{ tag: 'lenient', file, line: first.line, key: keys, message: 'backslashes are read as /' }];
};

export const parseData = (source: string, options: { readonly file?: string } = {}): FileResult<DataConfig> => {
  const file = options.file ?? 'data';
  const foreign = notText(source, file);
  if (foreign !== undefined) return E.left([foreign]);
  const faults: FileFault[] = [];
  const duplicates: FileNotice[] = [];
  const windows: Entry[] = [];
  const entries = new Map<string, Entry>();
  for (const line of significantLines(source, { inner: true })) {
    const entry = parseEntry(file, line);
    if (E.isLeft(entry)) faults.push(entry.left);
    else if (!entries.has(entry.right.key)) entries.set(entry.right.key, withSlashes(entry.right, windows));
    else {
      const { key } = entry.right;
      duplicates.push({
        tag: 'duplicate-key',
        file,
        line: line.number,
        key,
        message: 'is given a second time; the first value counts',
      });
    }
  }
  const fields = readFields(
    { name: '', line: 1, entries: [...entries.values()] },
    { file, lenient: false, strict: false },
  );
  const all = byLine([...faults, ...fields.faults]);
  return fields.value === undefined || all.length > 0
    ? E.left(all)
    : E.right({
        value: { ...fields.value, file },
        notices: byLine([...duplicates, ...slashNotice(file, windows), ...fields.notices]),
      });
};
