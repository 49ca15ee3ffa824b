/** Reads one section by its table of fields: every bad key of the section is reported, not only the first. */
import * as E from 'fp-ts/lib/Either.js';
import { type FileFault, type FileNotice, nearest, quote } from './fault.ts';
import type { FieldsOf, FieldTable } from './field.ts';
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
}

export interface SectionRule<T extends FieldTable, A> {
  readonly fields: T;
  /** Keys that later Darknets know and the original does not: reported, without effect. */
  readonly ignored?: readonly string[];
  /** Fills in what depends on other keys. */
  readonly complete: (fields: FieldsOf<T>) => A;
  readonly check?: (value: A) => readonly Problem[];
  readonly advise?: (value: A, given: ReadonlySet<string>) => readonly Advice[];
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

export const sectionReader = <T extends FieldTable, A>(rule: SectionRule<T, A>): SectionReader<A> => {
  const known = [...Object.keys(rule.fields), ...(rule.ignored ?? [])];
  return (section, context) => {
    const { file, layer } = context;
    const at = placeOf(section, file);
    const entries = new Map(section.entries.map((entry) => [entry.key, entry]));
    const faults: FileFault[] = [];
    const notices: FileNotice[] = [];
    const notice = ({ tag, key, message }: Advice): void => {
      notices.push({ tag, file, line: at.keys[key ?? ''] ?? at.line, layer, section: section.name, key, message });
    };

    const values: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(rule.fields)) {
      const entry = entries.get(key);
      if (entry === undefined) {
        if (field.fallback !== undefined) values[key] = field.fallback.value;
        else faults.push(faultAt(at, layer, missing(key, field.codec.name), 'key'));
        continue;
      }
      const clean = field.codec.decode(entry.value);
      const lax = field.lax(entry.value);
      const decoded = E.isLeft(clean) && context.lenient ? field.codec.decode(lax) : clean;
      if (E.isRight(decoded)) {
        values[key] = decoded.right;
        if (E.isLeft(clean)) notice({ tag: 'lenient', key, message: `${quote(entry.value)} is read as ${lax}` });
      } else faults.push(faultAt(at, layer, unclean(entry, field.codec.name, lax)));
    }
    for (const { key } of section.entries) {
      if (!known.includes(key)) notice({ tag: 'unknown-key', key, message: unknownKey(key, known) });
      else if (rule.ignored?.includes(key))
        notice({ tag: 'ignored-key', key, message: 'is known to later Darknets only and has no effect' });
    }
    if (faults.length > 0) return { value: undefined, faults, notices };

    // Every key of the table was decoded by its own codec above.
    const value = { ...rule.complete(values as FieldsOf<T>), at };
    const problems = rule.check?.(value) ?? [];
    for (const advice of rule.advise?.(value, new Set(entries.keys())) ?? []) notice(advice);
    return { value, faults: problems.map((problem) => faultAt(at, layer, problem)), notices };
  };
};

const missing = (key: string, expected: string): Problem => ({
  key,
  expected,
  found: 'nothing',
  action: `add ${key}=... to the section`,
});

const unclean = (entry: Entry, expected: string, lax: string): Problem => {
  const why = /[#;]/.test(entry.value)
    ? 'put the comment on a line of its own'
    : `correct the value${lax === entry.value ? '' : ` (Darknet would silently read ${lax})`}`;
  return { key: entry.key, found: quote(entry.value), expected, action: why };
};

const unknownKey = (key: string, known: readonly string[]): string => {
  const near = nearest(key, known);
  return `is not a key of this section and has no effect${near === undefined ? '' : `; did you mean ${near}?`}`;
};
