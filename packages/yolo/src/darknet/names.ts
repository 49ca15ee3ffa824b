/** `.names` files (SPEC 2): one class name a line, class 0 first. Blanks inside a name are kept. */
import * as E from 'fp-ts/lib/Either.js';
import type { FileFault, FileNotice, FileResult } from './fault.ts';
import { notText, physicalLines } from './lines.ts';

export interface NamesOptions {
  readonly file?: string;
  /** How many names the network needs. */
  readonly classes?: number;
}

export const parseNames = (text: string, options: NamesOptions = {}): FileResult<readonly string[]> => {
  const file = options.file ?? 'names';
  const foreign = notText(text, file);
  if (foreign !== undefined) return E.left([foreign]);
  const lines = physicalLines(text).map((line) => line.trim());
  const names = lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  const faults: FileFault[] = names.flatMap((name, i) =>
    name !== ''
      ? []
      : [
          {
            tag: 'names',
            file,
            line: i + 1,
            expected: 'a class name',
            found: 'an empty line',
            action: 'name the class or remove the line',
          },
        ],
  );
  const { classes } = options;
  if (names.length === 0) {
    faults.push({
      tag: 'names',
      file,
      expected: 'a class name on each line',
      found: 'none',
      action: 'list the names, class 0 first',
    });
  } else if (classes !== undefined && names.length !== classes) {
    faults.push({
      tag: 'names',
      file,
      expected: `${classes} names, one for each class of the network`,
      found: String(names.length),
      action: 'use the names file that belongs to the cfg',
    });
  }
  const first = new Map<string, number>();
  const notices: FileNotice[] = [];
  names.forEach((name, i) => {
    const known = first.get(name);
    if (known === undefined) first.set(name, i);
    else
      notices.push({ tag: 'compatibility', file, line: i + 1, message: `${name} is also the name of class ${known}` });
  });
  return faults.length > 0 ? E.left(faults) : E.right({ value: names, notices });
};
