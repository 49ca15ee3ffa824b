/** Rows of a command's option table. The help and the parser both come from them. */
import * as E from 'fp-ts/lib/Either.js';
import type { Value } from './value.ts';

export type Option<A> = {
  readonly doc: string;
  /** Name of the value in the help; a flag has none. */
  readonly placeholder: string | undefined;
  /** What stands in when it is not given, for the help. */
  readonly shown: string | undefined;
  /** Must be given. */
  readonly needed: boolean;
  /** More ways to write it: those of the original. */
  readonly spellings: readonly string[];
  /** From the texts given, in order, to the value; the left completes "expected ...". */
  readonly read: (texts: readonly string[]) => E.Either<string, A>;
};

export type OptionTable = Readonly<Record<string, Option<unknown>>>;
export type ValuesOf<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends Option<infer A> ? A : never };

type Row = { readonly placeholder: string; readonly doc: string; readonly spellings?: readonly string[] };

const parseLast = <A>(value: Value<A>, texts: readonly string[]): E.Either<string, A> =>
  E.fromNullable(value.expected)(value.parse(texts[texts.length - 1] ?? ''));

export const flag = (doc: string, spellings: readonly string[] = []): Option<boolean> => ({
  doc,
  placeholder: undefined,
  shown: undefined,
  needed: false,
  spellings,
  read: (texts) => E.right(texts.length > 0),
});

export const optional = <A>(value: Value<A>, { placeholder, doc, spellings = [] }: Row): Option<A | undefined> => ({
  doc,
  placeholder,
  shown: undefined,
  needed: false,
  spellings,
  read: (texts) => (texts.length === 0 ? E.right(undefined) : parseLast(value, texts)),
});

/** A fallback of nothing is told by `doc`. */
export const withDefault = <A>(value: Value<A>, fallback: A, row: Row): Option<A> => ({
  ...optional(value, row),
  shown: value.show?.(fallback) ?? (String(fallback) || undefined),
  read: (texts) => (texts.length === 0 ? E.right(fallback) : parseLast(value, texts)),
});

export const needed = <A>(value: Value<A>, row: Row): Option<A> => ({
  ...optional(value, row),
  needed: true,
  read: (texts) => parseLast(value, texts),
});

/** May be given several times. */
export const repeated = <A>(value: Value<A>, row: Row): Option<readonly A[]> => ({
  ...optional(value, row),
  read: (texts) => E.traverseArray((one: string) => parseLast(value, [one]))(texts),
});
