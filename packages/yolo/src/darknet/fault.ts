/**
 * What is wrong with an input file, or worth knowing about it, as data. Readers collect every independent fault of a
 * file before they give up; `showFault` and `showNotice` are the one place that turns them into text.
 */
import type { Either } from 'fp-ts/lib/Either.js';

interface Place {
  readonly file: string;
  /** 1-based. */
  readonly line?: number | undefined;
  /** 0-based index after `[net]`, as Darknet counts. */
  readonly layer?: number | undefined;
  /** Empty in files that have no sections. */
  readonly section?: string | undefined;
  readonly key?: string | undefined;
  /** All lines of which the same is said, the first of them `line`; only of folded faults and notices. */
  readonly lines?: readonly number[] | undefined;
}

/** `found` is the offending text; `expected` and `action` complete "expected ..." and "... to put it right". */
export interface FileFault extends Place {
  /** `refused`: a key that would change the network or its output, and is not implemented. */
  readonly tag: 'syntax' | 'section' | 'key' | 'refused' | 'value' | 'shape' | 'weights' | 'names' | 'image';
  readonly found?: string | undefined;
  readonly expected: string;
  readonly action: string;
}

/** What notices are about, the weightiest first. */
export const noticeTags = [
  /** Training differs from that of the Darknet that has the key. */
  'training-only',
  'weights',
  /** A key that was left out because the caller asked for it. */
  'ignored-key',
  /** A value that is not written as it should be. */
  'lenient',
  'duplicate-key',
  'compatibility',
  'default',
  /** A key that cannot change a result here. */
  'cosmetic',
] as const;

export interface FileNotice extends Place {
  readonly tag: (typeof noticeTags)[number];
  readonly message: string;
  /** `training`: who only detects need not know. */
  readonly about?: 'training' | undefined;
}

/** A value read from a file, with what its author should know. */
export interface Checked<A> {
  readonly value: A;
  readonly notices: readonly FileNotice[];
}

export type FileResult<A> = Either<readonly FileFault[], Checked<A>>;

/** Of several places the layer is not said. */
const where = (p: Place): string => {
  const layer = p.layer === undefined || p.lines !== undefined ? '' : `layer ${p.layer} `;
  const section = !p.section ? '' : `[${p.section}] `;
  const subject = `${layer}${section}${p.key ?? ''}`.trim();
  return `${p.file}${p.line === undefined ? '' : `:${p.line}`}: ${subject === '' ? '' : `${subject}: `}`;
};

const linesShown = 4;

const elsewhere = ({ lines = [] }: Place): string =>
  lines.length < 2
    ? ''
    : ` (${lines.length} times, also on line ${lines.slice(1, 1 + linesShown).join(', ')}${lines.length > 1 + linesShown ? ', ...' : ''})`;

/** `net.cfg:12: layer 3 [convolutional] filters: expected a whole number, found "3x"; write ...` */
export const showFault = (fault: FileFault): string =>
  `${where(fault)}expected ${fault.expected}${fault.found === undefined ? '' : `, found ${fault.found}`}; ${fault.action}${elsewhere(fault)}`;

export const showNotice = (notice: FileNotice): string => `${where(notice)}${notice.message}${elsewhere(notice)}`;

/** The weightiest first, those of one weight by line. */
export const byWeight = (notices: readonly FileNotice[]): readonly FileNotice[] =>
  [...notices].sort((a, b) => noticeTags.indexOf(a.tag) - noticeTags.indexOf(b.tag) || (a.line ?? 0) - (b.line ?? 0));

/** Sorted by line; what has none comes first. */
export const byLine = <A extends { readonly line?: number | undefined }>(items: readonly A[]): readonly A[] =>
  [...items].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));

export const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** The word of `known` that `word` was probably meant to be: at most a third of its letters differ. */
export const nearest = (word: string, known: readonly string[]): string | undefined =>
  known
    .map((candidate) => ({ candidate, allowed: Math.max(1, Math.floor(candidate.length / 3)) }))
    .filter(({ candidate, allowed }) => Math.abs(candidate.length - word.length) <= allowed)
    .map(({ candidate, allowed }) => ({ candidate, allowed, distance: editDistance(word, candidate) }))
    .filter(({ allowed, distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;

/** Levenshtein's distance, one row at a time. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
};
