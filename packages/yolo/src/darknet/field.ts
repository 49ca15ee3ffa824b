/**
 * Rows of the rule tables that describe a section: how a key's text becomes a value (an io-ts codec whose name completes
 * "expected ..."), what stands in when it is absent, and what C's lenient `atoi` / `atof` would have made of bad text.
 */
import * as t from 'io-ts';

export interface Field<A> {
  readonly codec: t.Decoder<string, A>;
  /** Absent for keys that must be given. */
  readonly fallback?: { readonly value: A };
  /** The text without what Darknet's number parsing passes over and nobody can mean: a comment, `.0`, a last comma. */
  readonly tidy: (text: string) => string;
  /** The text that the original would have acted on. */
  readonly lax: (text: string) => string;
  /** Words that another Darknet takes here. */
  readonly foreign?: readonly string[];
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

const codec = <A>(
  name: string,
  is: (u: unknown) => u is A,
  parse: (text: string) => A | undefined,
): t.Type<A, string, string> =>
  new t.Type<A, string, string>(
    name,
    is,
    (text, context) => {
      const value = parse(text);
      return value === undefined ? t.failure(text, context, name) : t.success(value);
    },
    (value) => (Array.isArray(value) ? value.join(',') : String(value)),
  );

const within =
  ({ min = -Infinity, max = Infinity }: Range) =>
  (n: number) =>
    n >= min && n <= max;

const describe = (noun: string, { min, max }: Range): string => {
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  if (min !== undefined) return `${noun} of at least ${min}`;
  return max === undefined ? noun : `${noun} of at most ${max}`;
};

const wholeText = /^[+-]?\d+$/;
const decimalText = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

const parseNumber =
  (pattern: RegExp, range: Range) =>
  (text: string): number | undefined => {
    const n = pattern.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(n) && within(range)(n) ? n : undefined;
  };
const parseList =
  (item: (text: string) => number | undefined) =>
  (text: string): readonly number[] | undefined => {
    const items = text.split(',').map(item);
    return items.every((n) => n !== undefined) ? items : undefined;
  };

const isNumber = (u: unknown): u is number => typeof u === 'number';
const isNumbers = (u: unknown): u is readonly number[] => Array.isArray(u) && u.every(isNumber);
const isBoolean = (u: unknown): u is boolean => typeof u === 'boolean';

const wholeCodec = (range: Range) =>
  codec(describe('a whole number', range), isNumber, parseNumber(wholeText, { ...int32, ...range }));
const decimalCodec = (range: Range) => codec(describe('a number', range), isNumber, parseNumber(decimalText, range));
const wholesCodec = codec('whole numbers separated by commas', isNumbers, parseList(parseNumber(wholeText, int32)));
const decimalsCodec = codec('numbers separated by commas', isNumbers, parseList(parseNumber(decimalText, {})));
const flagCodec = codec('0 or 1', isBoolean, (text) => (wholeText.test(text) ? Number(text) !== 0 : undefined));
const textCodec = codec('text', t.string.is, (text) => text);

const withoutComment = (text: string): string => text.replace(/[#;].*$/s, '');
const tidyDecimal = withoutComment;
const tidyWhole = (text: string): string => withoutComment(text).replace(/^([+-]?\d+)\.0*$/, '$1');
const tidyList = (item: (text: string) => string) => (text: string) =>
  withoutComment(text).replace(/,$/, '').split(',').map(item).join(',');
const untouched = (text: string): string => text;

/** C's `atoi`: the leading whole number, or 0. */
const atoi = (text: string): string => /^[+-]?\d+/.exec(text)?.[0] ?? '0';
/** C's `atof` for decimal numbers: the leading number, or 0. */
const atof = (text: string): string => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/.exec(text)?.[0] ?? '0';
const each = (convert: (text: string) => string) => (text: string) => text.split(',').map(convert).join(',');

/** The same field, which may be absent: then its value is `undefined` and the section's own rule fills it in. */
export const optional = <A>(field: Field<A>): Field<A | undefined> => ({ ...field, fallback: { value: undefined } });
/** The same field, which must be given. */
export const required = <A>({ fallback, ...field }: Field<A>): Field<A> => field;

export const whole = (fallback: number, range: Range = {}): Field<number> => ({
  codec: wholeCodec(range),
  fallback: { value: fallback },
  tidy: tidyWhole,
  lax: atoi,
});
export const decimal = (fallback: number, range: Range = {}): Field<number> => ({
  codec: decimalCodec(range),
  fallback: { value: fallback },
  tidy: tidyDecimal,
  lax: atof,
});
/** Any whole number other than 0 is true, as in C. */
export const flag = (fallback: boolean): Field<boolean> => ({
  codec: flagCodec,
  fallback: { value: fallback },
  tidy: tidyWhole,
  lax: atoi,
});
export const wholes = (fallback: readonly number[]): Field<readonly number[]> => ({
  codec: wholesCodec,
  fallback: { value: fallback },
  tidy: tidyList(tidyWhole),
  lax: each(atoi),
});
export const decimals = (fallback: readonly number[]): Field<readonly number[]> => ({
  codec: decimalsCodec,
  fallback: { value: fallback },
  tidy: tidyList(tidyDecimal),
  lax: each(atof),
});
export const text = (fallback: string): Field<string> => ({
  codec: textCodec,
  fallback: { value: fallback },
  tidy: untouched,
  lax: untouched,
});

/** One of a few words; `otherwise` is the word that the original takes for any other. */
export const word = <const W extends string>(
  choices: readonly W[],
  fallback: W,
  otherwise: W,
  foreign: readonly string[] = [],
): Field<W> => {
  const is = (u: unknown): u is W => choices.some((choice) => choice === u);
  return {
    codec: codec(`one of ${choices.join(', ')}`, is, (s) => (is(s) ? s : undefined)),
    fallback: { value: fallback },
    // Darknet takes a word with a comment behind it for an unknown word, so what is meant is not what would be run.
    tidy: untouched,
    lax: (s) => (is(s) ? s : otherwise),
    foreign,
  };
};
