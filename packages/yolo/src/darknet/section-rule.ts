/** Reads one section by its table of keys: every bad key of the section is reported, not only the first. */
import * as E from 'fp-ts/lib/Either.js';
import { type FileFault, type FileNotice, nearest, quote } from './fault.ts';
import type { Field } from './field.ts';
import {
  isUnimplemented,
  type KeyRule,
  type KeyTable,
  type Unimplemented,
  type ValuesOf,
  type Verdict,
} from './key-rule.ts';
import type { Entry } from './lines.ts';
import type { Section } from './sections.ts';

/** Where a section stands in its file, so that later faults (shapes, weights) can name lines. */
export interface SectionPlace {
  readonly file: string;
  readonly line: number;
  /** As written, an alias perhaps. */
  readonly section: string;
  /** Line of every key given. */
  readonly keys: Readonly<Record<string, number>>;
}

export interface SectionContext {
  readonly file: string;
  readonly layer?: number;
  /** Text that is no clean number or no known word is read as C's `atoi`, `atof` would, with a notice. */
  readonly lenient: boolean;
  /** Keys that change training only and are not implemented are faults. */
  readonly strict: boolean;
}

/** A fault or notice about a key (or, without one, the section) before its place is known. */
export interface Problem {
  readonly key?: string;
  readonly found?: string;
  readonly expected: string;
  readonly action: string;
}
export interface Advice {
  readonly tag: FileNotice['tag'];
  readonly key?: string;
  readonly message: string;
  /** What it is about: `loss` for what only who trains need know. */
  readonly about?: FileNotice['about'];
}

export interface SectionRule<T extends KeyTable, A> {
  readonly keys: T;
  /** Fills in what depends on other keys. */
  readonly complete: (values: ValuesOf<T>) => A;
  readonly check?: (value: A) => readonly Problem[];
  readonly advise?: (value: A, given: ReadonlySet<string>) => readonly Advice[];
  /** A key that nobody reads and that is like no key of the table is passed over with a notice; default a fault. */
  readonly tolerant?: boolean;
}

/** With faults there may still be a value, fit for finding further faults (of shapes) but for nothing else. */
export interface SectionReading<A> {
  readonly value: (A & { readonly at: SectionPlace }) | undefined;
  readonly faults: readonly FileFault[];
  readonly notices: readonly FileNotice[];
}

export type SectionReader<A> = (section: Section, context: SectionContext) => SectionReading<A>;

export const placeOf = (section: Section, file: string): SectionPlace => ({
  file,
  line: section.line,
  section: section.name,
  keys: Object.fromEntries(section.entries.map(({ key, line }) => [key, line])),
});

/** The place of a problem: its key's line if the key is given, else the section's. */
export const faultAt = (
  at: SectionPlace,
  layer: number | undefined,
  problem: Problem,
  tag: FileFault['tag'] = 'value',
): FileFault => ({
  tag,
  file: at.file,
  line: at.keys[problem.key ?? ''] ?? at.line,
  layer,
  section: at.section,
  ...problem,
});

type Decoded = { readonly value: unknown; readonly notice?: Advice } | { readonly problem: Problem };

/** The text itself, else without what it cannot mean, else (lenient) what C would make of it. */
const decoded = ({ key, value: text }: Entry, field: Field<unknown>, lenient: boolean): Decoded => {
  for (const candidate of [text, field.tidy(text), ...(lenient ? [field.lax(text)] : [])]) {
    const result = field.codec.decode(candidate);
    if (E.isLeft(result)) continue;
    const message = `${quote(text)} is read as ${candidate}`;
    return candidate === text
      ? { value: result.right }
      : { value: result.right, notice: { tag: 'lenient', key, message } };
  }
  return { problem: unclean(key, text, field) };
};

/** What becomes of a key that has no effect here. */
const judged = (
  key: string,
  text: string,
  rule: Unimplemented<unknown>,
  value: unknown,
  strict: boolean,
): Consequence => {
  if (rule.isNeutral(value)) return {};
  const verdict = rule.verdict === 'training-only' && strict ? 'refused' : rule.verdict;
  return consequences[verdict](key, text, rule);
};

type Consequence = { readonly problem?: Problem; readonly notice?: Advice };

const neutralText = ({ fallback }: Field<unknown>, key: string): string =>
  fallback?.value === undefined ||
  fallback.value === '' ||
  (Array.isArray(fallback.value) && fallback.value.length === 0)
    ? `no ${key}`
    : `${key}=${fallback.value === true ? 1 : fallback.value === false ? 0 : fallback.value}`;

const consequences: {
  readonly [V in Exclude<Verdict, 'implemented'>]: (
    key: string,
    text: string,
    rule: Unimplemented<unknown>,
  ) => Consequence;
} = {
  cosmetic: (key, _, { why }) => ({ notice: { tag: 'cosmetic', key, message: `has no effect here: ${why}` } }),
  'training-only': (key, _, { why }) => ({
    notice: { tag: 'training-only', key, message: `is not implemented, so training differs: ${why}` },
  }),
  refused: (key, text, rule) => ({
    problem: {
      key,
      expected: neutralText(rule, key),
      found: `${quote(text)} (${rule.why})`,
      action: `it is not implemented: take a network without it (--ignore ${key} would run another one)`,
    },
  }),
};

export const sectionReader =
  <T extends KeyTable, A>(rule: SectionRule<T, A>): SectionReader<A> =>
  (section, context) => {
    const { file, layer, lenient, strict } = context;
    const at = placeOf(section, file);
    const faults: FileFault[] = [];
    const notices: FileNotice[] = [];
    const notice = ({ tag, key, message, about }: Advice): void => {
      const line = at.keys[key ?? ''] ?? at.line;
      notices.push({ tag, file, line, layer, section: section.name, key, message, ...(about && { about }) });
    };

    const values: Record<string, unknown> = {};
    for (const [key, row] of Object.entries(rule.keys)) {
      const { fallback, codec } = row;
      if (isUnimplemented(row)) continue;
      if (fallback !== undefined) values[key] = fallback.value;
      else if (at.keys[key] === undefined) faults.push(faultAt(at, layer, missing(key, codec.name), 'key'));
    }
    for (const entry of section.entries) {
      const { key, value: text } = entry;
      const row: KeyRule<unknown> | undefined = Object.hasOwn(rule.keys, key) ? rule.keys[key] : undefined;
      if (row === undefined) {
        const near = likeliest(key, Object.keys(rule.keys));
        if (rule.tolerant && near === undefined) notice({ tag: 'cosmetic', key, message: 'is read by no Darknet' });
        else faults.push(faultAt(at, layer, unknownKey(key, near, rule.tolerant ?? false), 'key'));
        continue;
      }
      const result = decoded(entry, row, lenient);
      if ('problem' in result) {
        faults.push(faultAt(at, layer, result.problem));
        continue;
      }
      if (result.notice) notice(result.notice);
      if (!isUnimplemented(row)) {
        values[key] = result.value;
        continue;
      }
      const consequence = judged(key, text, row, result.value, strict);
      if (consequence.problem) faults.push(faultAt(at, layer, consequence.problem, 'refused'));
      if (consequence.notice) notice(consequence.notice);
    }
    if (faults.length > 0) return { value: undefined, faults, notices };

    // Every key of the table was decoded by its own codec above.
    const value = { ...rule.complete(values as ValuesOf<T>), at };
    const problems = rule.check?.(value) ?? [];
    for (const advice of rule.advise?.(value, new Set(Object.keys(at.keys))) ?? []) notice(advice);
    return { value, faults: problems.map((problem) => faultAt(at, layer, problem)), notices };
  };

const missing = (key: string, expected: string): Problem => ({
  key,
  expected,
  found: 'nothing',
  action: `add ${key}=... to the section`,
});

const unclean = (key: string, text: string, { codec, lax, foreign }: Field<unknown>): Problem => {
  const read = lax(text);
  if (foreign?.includes(text)) {
    const action = `it is not implemented: take a network without ${key}=${text}`;
    return { key, found: quote(text), expected: codec.name, action };
  }
  const why = /[#;]/.test(text)
    ? 'put the comment on a line of its own'
    : `correct the value${read === text ? '' : ` (Darknet would silently read ${read})`}`;
  return { key, found: quote(text), expected: codec.name, action: why };
};

const likeliest = (key: string, known: readonly string[]): string | undefined =>
  known.find((other) => other.toLowerCase() === key.toLowerCase()) ?? nearest(key, known);

const unknownKey = (key: string, near: string | undefined, isData: boolean): Problem => ({
  key,
  expected: isData ? 'a key of .data files' : 'a key of this section',
  found: quote(key),
  action: [
    near === undefined ? 'no Darknet reads it here' : `did you mean ${near}?`,
    ...(isData ? [] : [`--ignore ${key} leaves it out`]),
  ].join('; '),
});
