/** A row of the table of commands: what it takes, what it says about itself, what it does. */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import type { Failure } from '../core/failure.ts';
import type { OptionTable, ValuesOf } from './option.ts';

type Amount = 'one' | 'maybe' | 'any';
export type Positional<A> = {
  readonly doc: string;
  readonly amount: Amount;
  /** The option that stands in for it. */
  readonly unless?: string | undefined;
  readonly read: (texts: readonly string[]) => A;
};
export type PositionalTable = Readonly<Record<string, Positional<unknown>>>;
type PositionalsOf<T extends PositionalTable> = {
  readonly [K in keyof T]: T[K] extends Positional<infer A> ? A : never;
};

/** With `unless` it may be left out, and is then empty, where that option is given. */
export const one = (doc: string, unless?: string): Positional<string> => ({
  doc,
  amount: 'one',
  unless,
  read: ([text = '']) => text,
});
export const maybe = (doc: string): Positional<string | undefined> => ({
  doc,
  amount: 'maybe',
  read: ([text]) => text,
});
export const any = (doc: string): Positional<readonly string[]> => ({ doc, amount: 'any', read: (texts) => texts });

/** Texts by name, before they are read. */
export type Given = Readonly<Record<string, readonly string[]>>;

export type Command = {
  /** `['eval', 'coco']` */
  readonly path: readonly string[];
  /** Other paths to it: those of the original. */
  readonly aliases: readonly (readonly string[])[];
  readonly summary: string;
  /**
   * What it is run for. Of `stdout`, a reader that ends has seen enough, and the command ends too; any other trouble with
   * stdout is a failure. `files` are made whether or not anybody reads along. `both`: files are made, and stdout must hold.
   */
  readonly product: 'stdout' | 'files' | 'both';
  readonly details: readonly string[];
  readonly examples: readonly string[];
  readonly positionals: PositionalTable;
  readonly options: OptionTable;
  /** With values that `parse` has read from the two tables. */
  readonly run: (values: Readonly<Record<string, unknown>>, context: Context) => TaskEither<Failure, void>;
};

export type Arguments<P extends PositionalTable, O extends OptionTable> = PositionalsOf<P> & ValuesOf<O>;

/** The only place that forgets the types of a command's values: `parse` makes them from the same two tables. */
export const command = <P extends PositionalTable, O extends OptionTable>(row: {
  readonly path: readonly string[];
  readonly aliases?: readonly (readonly string[])[];
  readonly summary: string;
  readonly product: Command['product'];
  readonly details?: readonly string[];
  readonly examples?: readonly string[];
  readonly positionals: P;
  readonly options: O;
  readonly run: (values: Arguments<P, O>, context: Context) => TaskEither<Failure, void>;
}): Command => ({ aliases: [], details: [], examples: [], ...row, run: row.run as Command['run'] });
