/** The one place where options are looked at: unknown names, values of the wrong kind, lists that are empty. */
import { listed, nearestOf, shown } from './words.ts';

/** Thrown on an option that does not exist or has a value that makes no sense. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
  /** Which option. */
  readonly option: string;
  constructor(option: string, message: string) {
    super(message);
    this.option = option;
  }
}

/** What an option must be; the text says it when it is not. `undefined` always means the default. */
export interface OptionRule {
  readonly holds: (value: unknown) => boolean;
  readonly text: string;
}

export type OptionRules<O extends object> = { readonly [K in keyof Required<O>]: OptionRule };

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value) || ArrayBuffer.isView(value);

export const rule = (holds: (value: unknown) => boolean, text: string): OptionRule => ({ holds, text });
export const flagRule = /* @__PURE__ */ (() => rule((value) => typeof value === 'boolean', 'true or false'))();
export const functionOr = (...names: readonly string[]): OptionRule =>
  rule(
    (value) => typeof value === 'function' || names.includes(value as string),
    `${names.map((name) => `'${name}'`).join(', ')} or a function (a, b, crowd) => number`,
  );
export const oneOf = (...names: readonly string[]): OptionRule =>
  rule((value) => names.includes(value as string), names.map((name) => `'${name}'`).join(' or '));
export const listOf = (each: (value: never) => boolean, text: string): OptionRule =>
  rule((value) => {
    if (!isList(value) || value.length === 0) return false;
    for (let i = 0; i < value.length; i++) if (!each(value[i] as never)) return false;
    return true;
  }, text);
export const within = (low: number, high: number): ((value: unknown) => boolean) => {
  return (value) => isNumber(value) && value >= low && value <= high;
};
export const above = (low: number, high: number): ((value: unknown) => boolean) => {
  return (value) => isNumber(value) && value > low && value <= high;
};
/** A limit on detections an image. */
export const isLimit = (value: unknown): boolean =>
  isNumber(value) && value >= 1 && (value === Number.POSITIVE_INFINITY || Number.isSafeInteger(value));
export const limitRule = /* @__PURE__ */ (() => rule(isLimit, 'a whole number of at least 1, or Infinity'))();
export const iouRule = /* @__PURE__ */ (() => rule(above(0, 1), 'an IoU above 0 and at most 1'))();
export const wholeRule = (least: number): OptionRule =>
  rule((value) => Number.isSafeInteger(value) && (value as number) >= least, `a whole number of at least ${least}`);
export const numberRule = (low: number, high: number): OptionRule =>
  rule(within(low, high), `a number from ${low} to ${high}`);

/**
 * @param aliases names that other programs have for an option here.
 * @throws OptionError on the first option that is unknown or does not keep its rule.
 */
export const checkOptions = (
  options: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  aliases: Readonly<Record<string, string>> = {},
): void => {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError('options', `options: found ${shown(options)}, expected an object such as {}.`);
  }
  for (const [name, value] of Object.entries(options)) {
    const known = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (known === undefined) {
      const meant = Object.hasOwn(aliases, name) ? aliases[name] : nearestOf(name, Object.keys(rules));
      const advice = meant === undefined ? `The options are ${listed(Object.keys(rules))}.` : `Did you mean ${meant}?`;
      throw new OptionError(name, `Unknown option ${shown(name)}. ${advice}`);
    }
    if (value !== undefined && !known.holds(value)) {
      throw new OptionError(name, `${name}: found ${shown(value)}, expected ${known.text}.`);
    }
  }
};
