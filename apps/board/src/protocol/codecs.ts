/** What MLflow's clients send. Numbers may come as text: in queries, and for 64-bit integers in JSON of protocol buffers. */
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { refuse } from '../fault.ts';
import { statuses } from '../runs/point.ts';

const typeOf = <A>(name: string, read: (value: unknown) => A | undefined): t.Type<A, unknown, unknown> =>
  new t.Type<A, unknown, unknown>(
    name,
    (value): value is A => read(value) !== undefined,
    (value, context) => {
      const good = read(value);
      return good === undefined ? t.failure(value, context) : t.success(good);
    },
    (value) => value,
  );

const digits = /^-?\d{1,16}$/;

/** Up to 2^53, beyond which JavaScript, and so the page, cannot tell one from the next. */
export const integer = typeOf('a whole number below 2^53', (value) => {
  const number = typeof value === 'string' && digits.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
});

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const special: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '-nan': Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/** `"NaN"` and `"Infinity"` are how JSON of protocol buffers writes them. */
export const double = typeOf('a number, "NaN", "Infinity" or "-Infinity"', (value) => {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  return numeral.test(value) ? Number(value) : special[value.toLowerCase()];
});

const text = (name: string, max: number, pattern?: RegExp): t.Type<string, unknown, unknown> =>
  typeOf(name, (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= max && (pattern?.test(value) ?? true)
      ? value
      : undefined,
  );

/** MLflow's alphabet, and no way to climb out of a folder: a key may become a path. */
export const key = typeOf('a key of at most 250 letters, digits and _-./: or spaces, that is no way up', (value) =>
  typeof value === 'string' && /^[\w\-. /:]{1,250}$/.test(value) && !/^\/|(^|\/)\.\.?(\/|$)|\/\/|\/$/.test(value)
    ? value
    : undefined,
);
export const tagKey = text('a key of at most 250 characters', 250);
export const name = text('a text of 1 to 500 characters', 500);
/** 32 hexadecimal digits here; other makers of ids may have others. */
export const runId = text('a run id', 64, /^[\w-]+$/);
export const anyText = (max: number): t.Type<string, unknown, unknown> =>
  typeOf(`a text of at most ${max} characters`, (value) =>
    typeof value === 'string' && value.length <= max ? value : undefined,
  );

/** A value of a parameter may be a number or a truth value: the npm client sends what it is given. */
export const paramValue = typeOf('a text of at most 6000 characters', (value) => {
  const word = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof word === 'string' && word.length <= 6000 ? word : undefined;
});
export const tagValue = typeOf('a text of at most 8000 characters', (value) => {
  const word = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof word === 'string' && word.length <= 8000 ? word : undefined;
});

export const status = typeOf(`one of ${statuses.join(', ')}`, (value) => {
  // The protocol buffer's numbers, which old clients send.
  const numbered = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];
  const word = typeof value === 'number' ? numbered[value - 1] : value;
  return statuses.find((one) => one === word);
});

const listUpTo = <A>(item: t.Mixed & { readonly _A: A }, max: number): t.Type<readonly A[], unknown, unknown> => {
  const items = t.array(item);
  return new t.Type<readonly A[], unknown, unknown>(
    `a list of at most ${max}`,
    (value): value is readonly A[] => items.is(value),
    (value, context) => {
      // A query with one value is no list yet.
      const list = typeof value === 'string' ? [value] : value;
      return Array.isArray(list) && list.length <= max
        ? (items.validate(list, context) as t.Validation<readonly A[]>)
        : t.failure(value, context);
    },
    (value) => value,
  );
};

export const metric = t.intersection([
  t.type({ key, value: double }),
  t.partial({ timestamp: integer, step: integer }),
]);
export const param = t.type({ key, value: paramValue });
export const tag = t.type({ key: tagKey, value: tagValue });
export const metrics = listUpTo(metric, 1000);
export const params = listUpTo(param, 100);
export const tags = listUpTo(tag, 100);
export const texts = (max: number) => listUpTo(anyText(500), max);

const shown = (value: unknown): string => {
  const written = JSON.stringify(value) ?? String(value);
  return written.length > 80 ? `${written.slice(0, 77)}...` : written;
};

/** `metrics[3].value`; the parts of an intersection have numbers too, which are no places. */
const place = (context: t.Context): string =>
  context
    .filter((_, i) => (context[i - 1]?.type as { readonly _tag?: string } | undefined)?._tag !== 'IntersectionType')
    .map(({ key: part }) => part)
    .filter((part) => part !== '')
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');

const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))
    : value;

/** Or refused, with every place that is wrong. */
export const take = <A>(codec: t.Decoder<unknown, A>, value: unknown): A => {
  const read = codec.decode(withoutNulls(value));
  if (E.isRight(read)) return read.right;
  const faults = read.left.slice(0, 5).map(({ context, value: found }) => {
    const expected = context.at(-1)?.type.name ?? 'something else';
    return `${place(context) || 'the request'}: found ${shown(found)}, expected ${expected}`;
  });
  return refuse('invalid', [...new Set(faults)].join('; '));
};
