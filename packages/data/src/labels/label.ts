/**
 * Darknet's label lines, `class x y w h`: centre and size relative to the picture, white space between (SPEC 7.1).
 * The original stops silently at the first malformed line; here every bad line is reported by number and the good
 * ones are kept, so that the caller decides whether a fault is fatal.
 */
import * as E from 'fp-ts/lib/Either.js';

import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { readText, writeWhole } from '../file.ts';

/** One object: class index from 0, centre and size relative to the picture, 0..1. */
export type Label = {
  readonly classId: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
};

export type LabelOptions = {
  /** Number of classes; an index at or above it is a fault. Unchecked when absent. */
  readonly classes?: number;
};

/** The good lines in file order, and a fault for each bad one. */
export type Labels = { readonly labels: readonly Label[]; readonly faults: readonly DataFault[] };

/** Rounding in label files may put an edge this far outside the picture; it is clamped where boxes are used. */
const slack = 1e-3;

type Rule = {
  readonly broken: (label: Label, classes: number) => boolean;
  readonly expected: string;
  readonly advice: string;
};

const rules: readonly Rule[] = [
  {
    broken: ({ x, y, w, h }) => ![x, y, w, h].every(Number.isFinite),
    expected: 'finite numbers for x y w h',
    advice: 'correct or remove the line',
  },
  {
    broken: ({ classId }) => !Number.isInteger(classId) || classId < 0,
    expected: 'a class index counted from 0',
    advice: 'write the index of the class in the .names file',
  },
  {
    broken: ({ classId }, classes) => classId >= classes,
    expected: 'a class index below the number of classes',
    advice: 'correct the index, or the number of classes in the .names file and the cfg',
  },
  {
    broken: ({ w, h }) => w <= 0 || h <= 0,
    expected: 'a width and a height above 0',
    advice: 'remove the box: it has no area',
  },
  {
    broken: ({ x, y, w, h }) => Math.min(x, y) < -slack || Math.max(x, y, w, h) > 1 + slack,
    expected: 'a centre and a size relative to the picture, 0 to 1',
    advice: 'divide pixels by the width and height of the picture',
  },
];

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const special = /^[+-]?(nan|inf(inity)?)$/i;
const toNumber = (text: string): number | undefined =>
  number.test(text) ? Number(text) : special.test(text) ? Number.NaN : undefined;

const parseLine = (text: string, file: string, line: number, classes: number): E.Either<DataFault, Label> => {
  const fault = (expected: string, advice: string): E.Either<DataFault, Label> =>
    E.left({ tag: 'line', file, line, found: JSON.stringify(text.slice(0, 80)), expected, advice });
  const values = text.split(/\s+/).map(toNumber);
  const [classId, x, y, w, h] = values;
  if (
    values.length !== 5 ||
    classId === undefined ||
    x === undefined ||
    y === undefined ||
    w === undefined ||
    h === undefined
  ) {
    return fault('five numbers: class x y w h', 'correct or remove the line');
  }
  const label = { classId, x, y, w, h };
  const broken = rules.find((rule) => rule.broken(label, classes));
  return broken ? fault(broken.expected, broken.advice) : E.right(label);
};

/** `file` stands in the faults. An empty text is a picture without objects. */
export const parseLabels = (text: string, file: string, options: LabelOptions = {}): Labels => {
  const labels: Label[] = [];
  const faults: DataFault[] = [];
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim();
    if (line === '') return;
    const parsed = parseLine(line, file, i + 1, options.classes ?? Number.POSITIVE_INFINITY);
    if (E.isLeft(parsed)) faults.push(parsed.left);
    else labels.push(parsed.right);
  });
  return { labels, faults };
};

/** Only a file that cannot be read is a left; bad lines come with the good ones. */
export const readLabels = (path: string, options: LabelOptions = {}): TE.TaskEither<DataFault, Labels> =>
  pipe(
    readText(path),
    TE.map((text) => parseLabels(text, path, options)),
  );

const decimal = (value: number): string => String(Number(value.toFixed(8)));

export const formatLabels = (labels: readonly Label[]): string =>
  labels.map(({ classId, x, y, w, h }) => `${classId} ${[x, y, w, h].map(decimal).join(' ')}\n`).join('');

export const writeLabels = (path: string, labels: readonly Label[]): TE.TaskEither<DataFault, void> =>
  writeWhole(path, formatLabels(labels));
