/** What can be wrong with a file, as values that say where, what was found, what was expected. */
import { shown } from '../check/words.ts';
import type { Either } from './either.ts';
import { left, right } from './either.ts';

export type FormatFault =
  | { readonly tag: 'unreadable'; readonly file: string; readonly reason: string }
  | { readonly tag: 'unwritable'; readonly file: string; readonly reason: string }
  | {
      readonly tag: 'line';
      readonly file: string;
      /** From 1. */
      readonly line: number;
      readonly found: string;
      readonly expected: string;
    }
  | {
      readonly tag: 'key';
      readonly file: string;
      /** Path in the document, such as `annotations[3].bbox`. */
      readonly key: string;
      readonly found: string;
      readonly expected: string;
    }
  | { readonly tag: 'more'; readonly file: string; readonly count: number };

const texts: { readonly [T in FormatFault['tag']]: (fault: Extract<FormatFault, { tag: T }>) => string } = {
  unreadable: (f) => `${f.file}: cannot be read: ${f.reason}`,
  unwritable: (f) => `${f.file}: cannot be written: ${f.reason}`,
  line: (f) => `${f.file}:${f.line}: found ${f.found}, expected ${f.expected}`,
  key: (f) => `${f.file}: ${f.key}: found ${f.found}, expected ${f.expected}`,
  more: (f) => `${f.file}: and ${f.count} more faults`,
};

/** One line of text for a person. */
export const showFault = (fault: FormatFault): string => (texts[fault.tag] as (f: FormatFault) => string)(fault);

/** After so many a file is wrong as a whole, and more lines help nobody. */
const most = 100;

/** Gathers the faults of one file. */
export interface FaultList {
  readonly line: (line: number, found: unknown, expected: string) => void;
  readonly key: (key: string, found: unknown, expected: string) => void;
  /** As `key`, where `found` is words and no value. */
  readonly text: (key: string, found: string, expected: string) => void;
  /** The value, or all the faults when there are any. */
  readonly outcome: <A>(value: A) => Either<readonly FormatFault[], A>;
}

export const faultList = (file: string): FaultList => {
  const faults: FormatFault[] = [];
  let count = 0;
  const add = (fault: () => FormatFault): void => {
    if (count++ < most) faults.push(fault());
  };
  return {
    line: (line, found, expected) => add(() => ({ tag: 'line', file, line, found: shown(found), expected })),
    key: (key, found, expected) => add(() => ({ tag: 'key', file, key, found: shown(found), expected })),
    text: (key, found, expected) => add(() => ({ tag: 'key', file, key, found, expected })),
    outcome: (value) => {
      if (count === 0) return right(value);
      return left(count > most ? [...faults, { tag: 'more', file, count: count - most }] : faults);
    },
  };
};

/** The value of every file, or the faults of all of them. */
export const together = <A>(
  results: readonly Either<readonly FormatFault[], A>[],
): Either<readonly FormatFault[], readonly A[]> => {
  const faults = results.flatMap((result) => (result._tag === 'Left' ? result.left : []));
  return faults.length > 0 ? left(faults) : right(results.flatMap((r) => (r._tag === 'Right' ? [r.right] : [])));
};
