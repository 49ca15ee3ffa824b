/** The grammar of a `.cfg`: `[section]` lines, each followed by `key=value` lines (SPEC 1.1). Total: any text parses or faults. */
import * as E from 'fp-ts/lib/Either.js';
import { type FileFault, type FileNotice, quote } from './fault.ts';
import { type Entry, parseEntry, significantLines } from './lines.ts';

export interface Section {
  /** Without brackets, as written: aliases are not resolved here. */
  readonly name: string;
  readonly line: number;
  /** In file order; of a repeated key only the first is kept, as the original does. */
  readonly entries: readonly Entry[];
}

export interface SectionOptions {
  /** Lines that are not `key=value` are reported and passed over, as the original does, instead of being faults. */
  readonly lenient?: boolean;
}

/** Darknet itself dies of what stands behind the bracket. */
const header = /^\[([^[\]]+)\]([#;].*)?$/;

/** What could be read, and what could not: readers go on with the sections to report their faults too. */
export interface ParsedSections {
  readonly sections: readonly Section[];
  readonly faults: readonly FileFault[];
  readonly notices: readonly FileNotice[];
}

export const parseSections = (text: string, file: string, options: SectionOptions = {}): ParsedSections => {
  const faults: FileFault[] = [];
  const notices: FileNotice[] = [];
  const sections: { name: string; line: number; entries: Entry[] }[] = [];
  let given = new Set<string>();
  let orphaned: FileFault | undefined;
  // A malformed header still opens a section, so that the keys below it are not blamed on the one above.
  let skipping = false;
  for (const line of significantLines(text)) {
    if (line.text.startsWith('[')) {
      const [, name, comment] = header.exec(line.text) ?? [];
      skipping = name === undefined;
      given = new Set();
      if (name !== undefined) {
        sections.push({ name, line: line.number, entries: [] });
        if (comment !== undefined) notices.push(behindHeader(file, line.number, name, comment));
      } else faults.push(badHeader(file, line.number, line.text));
      continue;
    }
    const entry = parseEntry(file, line);
    if (E.isLeft(entry)) {
      const [, key] = emptyValue.exec(line.text) ?? [];
      if (key !== undefined) {
        notices.push(noValue(file, line.number, sections.at(-1)?.name, key));
        continue;
      }
      if (!options.lenient) faults.push(entry.left);
      else
        notices.push({
          tag: 'lenient',
          file,
          line: line.number,
          message: `${quote(line.text)} has no value and is passed over`,
        });
      continue;
    }
    if (skipping) continue;
    const section = sections.at(-1);
    // The others have the same cause.
    if (section === undefined) orphaned ??= orphan(file, entry.right);
    else if (given.has(entry.right.key)) notices.push(duplicate(file, section.name, entry.right));
    else {
      given.add(entry.right.key);
      section.entries.push(entry.right);
    }
  }
  return { sections, faults: orphaned ? [orphaned, ...faults] : faults, notices };
};

/** The text of a `.cfg`; `parseSections` reads it back. */
export const printSections = (sections: readonly Pick<PrintableSection, 'name' | 'entries'>[]): string =>
  sections
    .map(({ name, entries }) => [`[${name}]`, ...entries.map(([key, value]) => `${key}=${value}`), ''].join('\n'))
    .join('\n');

export interface PrintableSection {
  readonly name: string;
  readonly entries: readonly (readonly [key: string, value: string | number])[];
}

const badHeader = (file: string, line: number, text: string): FileFault => ({
  tag: 'syntax',
  file,
  line,
  found: quote(text),
  expected: 'a section name in brackets, alone on its line',
  action: 'write it as [name]; comments need a line of their own',
});

/** `map=`: Darknet passes such a line over. */
const emptyValue = /^([^=]+)=$/;

const noValue = (file: string, line: number, section: string | undefined, key: string): FileNotice => ({
  tag: 'lenient',
  file,
  line,
  section,
  key,
  message: 'has no value and counts as absent',
});

const behindHeader = (file: string, line: number, section: string, comment: string): FileNotice => ({
  tag: 'lenient',
  file,
  line,
  section,
  message: `${quote(comment)} behind the bracket is taken for a comment; Darknet needs it on a line of its own`,
});

const orphan = (file: string, entry: Entry): FileFault => ({
  tag: 'syntax',
  file,
  line: entry.line,
  key: entry.key,
  expected: 'a section before the first key',
  action: 'put [net] above this line',
});

const duplicate = (file: string, section: string, entry: Entry): FileNotice => ({
  tag: 'duplicate-key',
  file,
  line: entry.line,
  section,
  key: entry.key,
  message: 'is given a second time; the first value counts',
});
