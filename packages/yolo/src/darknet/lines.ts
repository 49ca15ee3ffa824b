/**
 * Lines of Darknet's text files (SPEC 1.1). Spaces and tabs anywhere in a line do not count; empty lines and lines that
 * open with `#` or `;` are comments. Unlike the original, carriage returns and a byte order mark do not count either.
 */
import * as E from 'fp-ts/lib/Either.js';
import { type FileFault, quote } from './fault.ts';

export interface Line {
  /** 1-based. */
  readonly number: number;
  readonly text: string;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** Lines as they stand, without their ends. */
export const physicalLines = (text: string): readonly string[] => text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);

/** Files that are no text at all, or text of another encoding: one fault says so in place of one for every line. */
export const notText = (text: string, file: string): FileFault | undefined => {
  const fault = (found: string, action: string): FileFault => ({
    tag: 'syntax',
    file,
    expected: 'UTF-8 text',
    found,
    action,
  });
  const start = text.slice(0, 4000);
  // UTF-16 read as UTF-8: two bytes of a mark that are none, or a zero byte beside every letter.
  const zeros = start.split('\u0000').length - 1;
  if (zeros > 0 && zeros >= 0.4 * (start.length - zeros)) {
    return fault('UTF-16', 'save the file as UTF-8');
  }
  if (zeros > 0) return fault('bytes that are no text', 'give the text file that belongs here');
  return isWebPage(start) ? fault('a web page', 'download the file itself, not the page that shows it') : undefined;
};

/** Of the first characters of a file. */
export const isWebPage = (start: string): boolean => /^\uFEFF?\s*<(!doctype\s+html|html|head|\?xml|!--)/i.test(start);

export interface LineOptions {
  /** Keep blanks inside lines: file names may hold them. */
  readonly inner?: boolean;
}

export const significantLines = (text: string, { inner = false }: LineOptions = {}): readonly Line[] =>
  physicalLines(text)
    .map((raw, i) => ({ number: i + 1, text: inner ? raw.trim() : raw.replace(/[ \t]+/g, '') }))
    .filter(({ text }) => text !== '' && !text.startsWith('#') && !text.startsWith(';'));

/** Splits at the first `=`; both sides must be there. */
export const parseEntry = (file: string, line: Line): E.Either<FileFault, Entry> => {
  const at = line.text.indexOf('=');
  const entry = { key: line.text.slice(0, at).trim(), value: line.text.slice(at + 1).trim(), line: line.number };
  return at > 0 && entry.value !== ''
    ? E.right(entry)
    : E.left({
        tag: 'syntax',
        file,
        line: line.number,
        found: quote(line.text),
        expected: 'key=value',
        action:
          at > 0
            ? `give ${entry.key} a value or remove the line`
            : 'complete the line, or start it with # to make it a comment',
      });
};
