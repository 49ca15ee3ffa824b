/**
 * Rows of the key table of a section: every key that a Darknet reads there (the original, AlexeyAB's fork, hank-ai's),
 * with what becomes of it here. A key that is not in the table is a fault.
 */
import { type Field, text } from './field.ts';

export const verdicts = ['implemented', 'cosmetic', 'training-only', 'refused'] as const;
/**
 * `implemented`: has its effect here. `cosmetic`: cannot change a result here, and is said. `training-only`: detection is the
 * same without it, training is not; a warning says what differs. `refused`: changes the network or its output; a fault.
 */
export type Verdict = (typeof verdicts)[number];

/** A key without its effect here. */
export interface Unimplemented<A> extends Field<A> {
  readonly verdict: Exclude<Verdict, 'implemented'>;
  /** What would be otherwise with it, or why nothing would be. */
  readonly why: string;
  /** Whether a value asks for nothing: the key's default, written out. */
  readonly isNeutral: (value: A) => boolean;
}

/** A plain field is an implemented key. */
export type KeyRule<A> = Field<A> | Unimplemented<A>;

// biome-ignore lint/suspicious/noExplicitAny: a table of rules of many types; each rule checks its own
export type KeyTable = Readonly<Record<string, KeyRule<any>>>;

/** The values of the implemented keys under their own names. */
export type ValuesOf<T extends KeyTable> = {
  readonly [K in keyof T as T[K] extends { readonly verdict: string } ? never : K]: T[K] extends Field<infer A>
    ? A
    : never;
};

export const isUnimplemented = <A>(rule: KeyRule<A>): rule is Unimplemented<A> => 'verdict' in rule;
export const verdictOf = (rule: KeyRule<unknown>): Verdict => (isUnimplemented(rule) ? rule.verdict : 'implemented');

const sameValue = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((item, i) => item === b[i]) : a === b;

const unimplemented =
  (verdict: Unimplemented<unknown>['verdict']) =>
  <A>(field: Field<A>, why: string, isNeutral?: (value: A) => boolean): Unimplemented<A> => ({
    ...field,
    verdict,
    why,
    isNeutral: isNeutral ?? ((value) => field.fallback !== undefined && sameValue(value, field.fallback.value)),
  });

/** The fallback of `field` is the value that asks for nothing, unless `isNeutral` says otherwise. */
export const cosmetic = unimplemented('cosmetic');
export const trainingOnly = unimplemented('training-only');
export const refused = unimplemented('refused');

/** Keys that are cosmetic whatever their value. */
export const without = <K extends string>(
  why: string,
  ...keys: readonly K[]
): Readonly<Record<K, Unimplemented<string>>> =>
  Object.fromEntries(keys.map((key) => [key, cosmetic(text(''), why, () => false)])) as Record<
    K,
    Unimplemented<string>
  >;
