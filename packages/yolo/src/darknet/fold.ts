/** The same thing said of several places, as one fault or notice that counts them: fifty layers with one fault are one line. */
import type { FileFault, FileNotice } from './fault.ts';

/** In the order of the first of each; `sameness` lists what must be equal. */
const grouped = <A>(items: readonly A[], sameness: (item: A) => readonly unknown[]): readonly (readonly A[])[] => {
  const groups = new Map<string, A[]>();
  for (const item of items) {
    const name = sameness(item).map(String).join('\u0000');
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return [...groups.values()];
};

const linesOf = (items: readonly { readonly line?: number | undefined }[]): readonly number[] =>
  [...new Set(items.map(({ line }) => line ?? 0))].sort((a, b) => a - b);

/** What a refused key asks for may differ: the first is shown. */
export const foldFaults = (faults: readonly FileFault[]): readonly FileFault[] =>
  grouped(faults, ({ file, tag, section, key, found, expected, action }) => [
    file,
    tag,
    section,
    key,
    tag === 'refused' ? '' : found,
    expected,
    action,
  ]).map(([first, ...rest]) => (rest.length === 0 ? first : { ...first, lines: linesOf([first, ...rest]) }));

/** Cosmetic keys of one section with one reason are named together. */
export const foldNotices = (notices: readonly FileNotice[]): readonly FileNotice[] =>
  grouped(notices, ({ file, tag, section, key, message }) => [
    file,
    tag,
    section,
    tag === 'cosmetic' ? '' : key,
    message,
  ]).map((group) => {
    const [first, ...rest] = group;
    if (rest.length === 0) return first;
    const keys = [...new Set(group.map(({ key }) => key))];
    const named = keys.length === 1 ? first : { ...first, key: keys.join(', '), message: plural(first.message) };
    return keys.length > 1 ? { ...named, layer: undefined } : { ...named, lines: linesOf(group) };
  });

const plural = (message: string): string =>
  message.replace(/^has no effect/, 'have no effect').replace(/^is read/, 'are read');
