/** How the text of an option becomes a value. */

export type Value<A> = {
  /** Completes "expected ...". */
  readonly expected: string;
  readonly parse: (text: string) => A | undefined;
  /** The inverse, for the help, where `String` is not. */
  readonly show?: (value: A) => string;
};

type Range = { readonly min?: number; readonly max?: number };

const rangeText = ({ min, max }: Range): string =>
  min !== undefined && max !== undefined
    ? ` from ${min} to ${max}`
    : min !== undefined
      ? ` of at least ${min}`
      : max !== undefined
        ? ` of at most ${max}`
        : '';

const inRange = (value: number, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Range): boolean =>
  value >= min && value <= max;

const decimalForm = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export const text: Value<string> = {
  expected: 'a text that is not empty',
  parse: (given) => (given === '' ? undefined : given),
};

/** A text that somebody else will read, in a form that they take. */
export const matching = (form: RegExp, expected: string): Value<string> => ({
  expected,
  parse: (given) => (form.test(given) ? given : undefined),
});

export const number = (range: Range = {}): Value<number> => ({
  expected: `a number${rangeText(range)}`,
  parse: (given) => (decimalForm.test(given) && inRange(Number(given), range) ? Number(given) : undefined),
});

export const whole = (range: Range = {}): Value<number> => ({
  expected: `a whole number${rangeText(range)}`,
  parse: (given) =>
    /^[+-]?\d+$/.test(given) && Number.isSafeInteger(Number(given)) && inRange(Number(given), range)
      ? Number(given)
      : undefined,
});

export const oneOf = <W extends string>(...words: readonly W[]): Value<W> => ({
  expected: words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`,
  parse: (given) => words.find((word) => word === given),
});

/** Values separated by commas. */
export const listOf = <A>(item: Value<A>): Value<readonly A[]> => ({
  expected: `${item.expected}, or several with commas between`,
  parse: (given) => {
    const items = given.split(',').map((part) => item.parse(part.trim()));
    const good = items.filter((value) => value !== undefined);
    return good.length === items.length ? good : undefined;
  },
});
