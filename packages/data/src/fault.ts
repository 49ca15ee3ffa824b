/**
 * What can be wrong with a data set, as values. Every fault says where it is, what was found, what was expected and
 * what to do, so that one function can turn any of them into text.
 */
export type DataFault =
  | { readonly tag: 'unreadable'; readonly file: string; readonly reason: string }
  | { readonly tag: 'unwritable'; readonly file: string; readonly reason: string }
  | { readonly tag: 'image'; readonly file: string; readonly reason: string; readonly advice: string }
  | {
      readonly tag: 'line';
      readonly file: string;
      /** 1-based. */
      readonly line: number;
      readonly found: string;
      readonly expected: string;
      readonly advice: string;
    }
  | {
      readonly tag: 'key';
      readonly file: string;
      /** Path inside the document, such as `annotations[3].bbox` or `object[2].bndbox.xmin`. */
      readonly key: string;
      readonly found: string;
      readonly expected: string;
      readonly advice: string;
    };

const texts: { readonly [T in DataFault['tag']]: (fault: Extract<DataFault, { tag: T }>) => string } = {
  unreadable: (f) => `${f.file}: cannot be read: ${f.reason}`,
  unwritable: (f) => `${f.file}: cannot be written: ${f.reason}`,
  image: (f) => `${f.file}: ${f.reason}; ${f.advice}`,
  line: (f) => `${f.file}:${f.line}: found ${f.found}, expected ${f.expected}; ${f.advice}`,
  key: (f) => `${f.file}: ${f.key}: found ${f.found}, expected ${f.expected}; ${f.advice}`,
};

/** One line of text for a person. */
export const showFault = (fault: DataFault): string => (texts[fault.tag] as (f: DataFault) => string)(fault);

/** The message of anything thrown, on one line. */
export const reasonOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).trim().replace(/\s*\n\s*/g, '; ');
