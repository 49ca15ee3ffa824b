/** The search language of MLflow's runs: `metrics.loss < 1 and params.seed = '3'`, and the order of what is found. */
import { refuse } from '../fault.ts';

export type Searchable = {
  readonly metrics: ReadonlyMap<string, number>;
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, string | number>;
};

type Field = { readonly kind: keyof Searchable; readonly key: string };
type Test = (run: Searchable) => boolean;
type Token = { readonly tag: 'name' | 'text' | 'number' | 'sign'; readonly text: string };

const tokenForm = /\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)|(<=|>=|!=|=|<|>|\(|\)|,|\.)|([\w-][\w-]*))/y;

/** Numbers are put together again from their parts, since names hold dots too. */
const tokensOf = (filter: string): readonly Token[] => {
  const tokens: Token[] = [];
  tokenForm.lastIndex = 0;
  while (tokenForm.lastIndex < filter.trimEnd().length) {
    const at = tokenForm.lastIndex;
    const match = tokenForm.exec(filter);
    if (!match) return refuse('invalid', `filter: ${JSON.stringify(filter.slice(at, at + 20))} is not understood`);
    const [, quoted, sign, word] = match;
    if (quoted) tokens.push({ tag: quoted[0] === "'" ? 'text' : 'name', text: quoted.slice(1, -1) });
    else tokens.push(sign ? { tag: 'sign', text: sign } : { tag: 'name', text: word });
  }
  return tokens;
};

const kinds: Readonly<Record<string, keyof Searchable>> = {
  metrics: 'metrics',
  metric: 'metrics',
  params: 'params',
  param: 'params',
  parameters: 'params',
  parameter: 'params',
  tags: 'tags',
  tag: 'tags',
  attributes: 'attributes',
  attribute: 'attributes',
  attr: 'attributes',
  run: 'attributes',
};

const aliases: Readonly<Record<string, string>> = {
  created: 'start_time',
  Created: 'start_time',
  'run name': 'run_name',
  'Run name': 'run_name',
  Status: 'status',
};

const fieldOf = (parts: readonly string[]): Field => {
  const [head, ...rest] = parts;
  const kind = rest.length > 0 && Object.hasOwn(kinds, head) ? kinds[head] : undefined;
  const name = kind === undefined ? parts.join('.') : rest.join('.');
  const known = kind ?? 'attributes';
  return { kind: known, key: known === 'attributes' ? (aliases[name] ?? name) : name };
};

const numeral = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const likePattern = (text: string, flags: string): RegExp =>
  new RegExp(
    `^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/(%+|_)/g, (run) => (run[0] === '%' ? '.*' : '.'))}$`,
    `s${flags}`,
  );

type Compare = (found: string | number, wanted: string | number) => boolean;
const compares: Readonly<Record<string, Compare>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  LIKE: (a, b) => likePattern(String(b), '').test(String(a)),
  ILIKE: (a, b) => likePattern(String(b), 'i').test(String(a)),
};

const testOf = ({ kind, key }: Field, compare: Compare, wanted: string): Test => {
  const number = numeral.test(wanted) ? Number(wanted) : undefined;
  if (kind === 'metrics' && number === undefined) {
    return refuse('invalid', `filter: metrics.${key} is compared with ${JSON.stringify(wanted)}, expected a number`);
  }
  return (run) => {
    const found = run[kind].get(key);
    if (found === undefined) return false;
    return compare(found, typeof found === 'number' ? (number ?? Number.NaN) : wanted);
  };
};

/** Clauses joined by `and`, as MLflow has them; there is no `or`. An empty filter takes every run. */
export const parseFilter = (filter: string): Test => {
  const tokens = tokensOf(filter.slice(0, 4000));
  let at = 0;
  const fail = (expected: string): never =>
    refuse('invalid', `filter: found ${JSON.stringify(tokens[at]?.text ?? 'its end')}, expected ${expected}`);
  const dotted = (): readonly string[] => {
    const parts: string[] = [];
    do {
      const token = tokens[at];
      if (token?.tag !== 'name') fail('a name');
      parts.push(token.text);
      at++;
    } while (tokens[at]?.text === '.' && tokens[at]?.tag === 'sign' && ++at);
    return parts;
  };
  const clause = (): Test => {
    const field = fieldOf(dotted());
    const word = tokens[at]?.text.toUpperCase() ?? '';
    at++;
    if (!Object.hasOwn(compares, word)) {
      at--;
      return fail('one of = != < <= > >= LIKE ILIKE');
    }
    const compare = compares[word];
    const token = tokens[at];
    if (
      token?.tag === 'text' ||
      (token?.tag === 'name' && !numeral.test(token.text[0] === '-' ? token.text : token.text[0]))
    ) {
      at++;
      return testOf(field, compare, token.text);
    }
    return testOf(field, compare, dotted().join('.'));
  };
  const tests: Test[] = [];
  while (at < tokens.length) {
    if (tests.length > 0) {
      if (tokens[at].text.toUpperCase() !== 'AND') fail('and');
      at++;
    }
    tests.push(clause());
  }
  return (run) => tests.every((test) => test(run));
};

type Order = (a: Searchable, b: Searchable) => number;

/** `metrics.loss DESC`, `attributes.start_time`, ... Runs without the field come last. */
export const parseOrder = (words: readonly string[]): Order => {
  const orders = words.map((word): Order => {
    const [, path, direction = 'ASC'] = /^\s*(.+?)(?:\s+(asc|desc))?\s*$/i.exec(word) ?? [];
    if (path === undefined) return refuse('invalid', 'order_by: found an empty text, expected a field');
    const { kind, key } = fieldOf(path.replace(/[`"]/g, '').split('.'));
    const sign = direction.toUpperCase() === 'DESC' ? -1 : 1;
    return (a, b) => {
      const [x, y] = [a[kind].get(key), b[kind].get(key)];
      const missing = (value: unknown): number => (value === undefined || Number.isNaN(value) ? 1 : 0);
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      return x === y ? 0 : (x as string) < (y as string) ? -sign : sign;
    };
  });
  return (a, b) => {
    for (const order of orders) {
      const side = order(a, b);
      if (side !== 0) return side;
    }
    return 0;
  };
};
