/** Where the choices of the tuner are kept: in the user's cache folder, or in the storage of the page. */
import type { AdapterFacts } from './adapter.ts';
import type { Choices, Notebook } from './tuning.ts';

const isNode = (): boolean => typeof process !== 'undefined' && Boolean(process.versions?.node);

/** Choices made by another program text may name ways that are gone, or that have become faster. */
const edition = 1;

const parsed = (text: string | null): Choices => {
  try {
    const found: unknown = JSON.parse(text ?? '{}');
    return typeof found === 'object' && found !== null ? (found as Choices) : {};
  } catch {
    return {};
  }
};

const ofPage = (name: string): Notebook => {
  // Workers have none.
  const storage = typeof localStorage === 'undefined' ? undefined : localStorage;
  return {
    read: async () => parsed(storage?.getItem(name) ?? null),
    write: async (choices) => storage?.setItem(name, JSON.stringify(choices)),
  };
};

/** A machine's notes on an adapter. What cannot be read or written is done without: it is only a matter of time. */
export const notebookFor = ({ name, vendor, architecture }: AdapterFacts): Notebook => {
  const title = `gdarknet tiles ${edition} ${[vendor, architecture, name].join(' ')}`.replace(/[^\w.-]+/g, '-');
  if (!isNode()) return ofPage(title);
  return {
    read: async () => parsed(await (await import('./node.ts')).readCache(`${title}.json`)),
    write: async (choices) =>
      (await import('./node.ts')).writeCache(`${title}.json`, `${JSON.stringify(choices, null, 1)}\n`),
  };
};
