/** The text that narrows the list of runs: words in the name, `seed=3`, `loss/average<2`, all of them. */
import type { RunView } from './source.ts';

type Test = (run: RunView) => boolean;

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

const has = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());

const word =
  (text: string): Test =>
  ({ name, preference, experiment, status, id }) =>
    [name, preference.name ?? '', experiment, status].some((one) => has(one, text)) || id.startsWith(text);

const testOf = (part: string): Test => {
  const match = /^([\w\-. /:]+?)(<=|>=|<|>|=)(.+)$/.exec(part);
  if (!match) return word(part);
  const [, key, sign, value] = match;
  if (sign === '=') return ({ params, tags }) => has(params[key] ?? tags[key] ?? '', value);
  return ({ metrics, params }) => {
    const found = Number(metrics[key]?.value ?? params[key] ?? Number.NaN);
    return comparisons[sign](found, Number(value));
  };
};

export const runFilter = (text: string): Test => {
  const tests = text
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(testOf);
  return (run) => tests.every((test) => test(run));
};
