/**
 * What JavaScript callers, who have no compiler, can hand to an operation. Every public operation checks its arguments here,
 * a line each; what does not fit is an `ArgumentError`. Libraries that are written on this one use the same checks.
 */
import { ArgumentError } from './errors.ts';
import type { DType, Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';
import { isTensor } from './tree.ts';

/** A condition on an argument or option, and how it reads after "must be". */
export type Rule = {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  /** Words that it takes: what is close to one of them is a slip. */
  readonly words?: readonly string[];
};

const dtypes = ['f32', 'i32', 'u32'] as const satisfies readonly DType[];

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ');

const ofDType = (dtype: DType): string => `${dtype === 'u32' ? 'a' : 'an'} ${dtype} tensor`;

/** How a value reads after "got". */
export const show = (value: unknown): string => {
  if (isTensor(value)) return `${ofDType(value.dtype)} [${value.shape.join(', ')}]`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise';
  if (value instanceof Map || value instanceof Set || value instanceof ArrayBuffer)
    return `a ${value.constructor.name}`;
  if (!Array.isArray(value)) return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no keys'}`;
  const items = Array.from(value.slice(0, 8), (x) => (Array.isArray(x) ? '[...]' : show(x)));
  return `[${items.join(', ')}${value.length > 8 ? ', ...' : ''}]`;
};

/** What to do about a value that stands where a tensor is needed. */
const adviceFor = (value: unknown): string | undefined => {
  if (typeof value === 'function') {
    return 'operations with options are called twice, as sum({ axes: [0] })(x)';
  }
  if (typeof value === 'number') return 'make it one with scalar(...)';
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return 'make it one with tensor(...)';
  if (typeof value !== 'object' || value === null) return undefined;
  if (typeof (value as { then?: unknown }).then === 'function') return 'await it first';
  if ('fetch' in value || 'defer' in value) return 'fetch(...) and defer(...) mark results of jit: give the tensor';
  return undefined;
};

/** `x` must be a tensor, of one of the dtypes and with the rank if they are given. */
export const checkTensor = (op: string, argument: string, x: unknown, dtype?: DType, rank?: number): Tensor => {
  if (!isTensor(x)) throw new ArgumentError(op, argument, 'a tensor', show(x), adviceFor(x));
  if (dtype !== undefined && x.dtype !== dtype) {
    throw new ArgumentError(op, argument, ofDType(dtype), show(x), `use cast('${dtype}')`);
  }
  if (rank !== undefined && x.shape.length !== rank) {
    throw new ArgumentError(op, argument, `a tensor with ${rank} axes`, show(x));
  }
  return x;
};

/** What `openDevice` gives. */
export const checkDevice = (op: string, device: unknown): void => {
  if (typeof device === 'object' && device !== null && 'compile' in device && 'upload' in device) return;
  const isPromise = typeof (device as { then?: unknown } | undefined)?.then === 'function';
  const advice = isPromise ? 'await it first' : `write ${op}(device, ...)`;
  throw new ArgumentError(op, 'device', 'a device, the first argument', show(device), advice);
};

/** `value` must follow the rule. */
export const check = (op: string, argument: string, rule: Rule, value: unknown, advice?: string): void => {
  if (rule.holds(value)) return;
  const slip = typeof value === 'string' && rule.words !== undefined ? meant(value, rule.words) : undefined;
  throw new ArgumentError(op, argument, rule.expected, show(value), advice ?? slip);
};

/** A whole number, from `least` on. */
export const whole = (least = 0): Rule => ({
  expected: least === Number.NEGATIVE_INFINITY ? 'a whole number' : `a whole number of at least ${least}`,
  holds: (x) => Number.isSafeInteger(x) && (x as number) >= least,
});
/** Any number; NaN and the infinities are some. */
export const number: Rule = { expected: 'a number', holds: (x) => typeof x === 'number' };
export const finite: Rule = { expected: 'a finite number', holds: Number.isFinite };
export const flag: Rule = { expected: 'true or false', holds: (x) => typeof x === 'boolean' };
export const text: Rule = { expected: 'a text', holds: (x) => typeof x === 'string' };
export const callable: Rule = { expected: 'a function', holds: (x) => typeof x === 'function' };
export const oneOf = (values: readonly (string | false)[]): Rule => ({
  expected: values.includes(false)
    ? `false or one of ${quoted(values.filter((v) => v !== false))}`
    : `one of ${quoted(values as readonly string[])}`,
  holds: (x) => (values as readonly unknown[]).includes(x),
  words: values.filter((v) => v !== false),
});
export const dtypeRule = oneOf(dtypes);

const wholeWithin = (dtype: DType, least: number, most: number): Rule => ({
  expected: `a whole number from ${least} to ${most}, as ${dtype} holds`,
  holds: (x) => Number.isInteger(x) && (x as number) >= least && (x as number) <= most,
});
/** Numbers that a dtype holds; f32 rounds to the nearest. */
export const valueRules: Readonly<Record<DType, Rule>> = {
  f32: number,
  i32: wholeWithin('i32', -(2 ** 31), 2 ** 31 - 1),
  u32: wholeWithin('u32', 0, 2 ** 32 - 1),
};
export const castAdvice = "use cast('f32') first";

/** Every element follows the rule; as many as `length` says, if it does. No holes. */
export const listOf = (rule: Rule, length?: number): Rule => ({
  expected: `an array of ${length ?? 'elements'}${length === undefined ? '' : ' elements'}, each ${rule.expected}`,
  holds: (x) =>
    Array.isArray(x) && (length === undefined || x.length === length) && Array.from(x).every((e) => rule.holds(e)),
});
export const either = (a: Rule, b: Rule): Rule => ({
  expected: `${a.expected}, or ${b.expected}`,
  holds: (x) => a.holds(x) || b.holds(x),
});

/** One number for both directions, or `[vertical, horizontal]`. */
export const pairRule = (least: number): Rule => either(whole(least), listOf(whole(least), 2));
/** One number for all sides, or `[top, bottom, left, right]`. */
export const sidesRule = either(whole(), listOf(whole(), 4));

/** A shape: an array of whole numbers from 0 on. A copy, which the caller cannot change afterwards. */
export const checkShape = (op: string, shape: unknown, argument = 'shape', least = 0): Shape => {
  if (!Array.isArray(shape)) {
    const advice = typeof shape === 'number' ? `write [${shape}]` : undefined;
    throw new ArgumentError(op, argument, 'an array of whole numbers', show(shape), advice);
  }
  const dims = Array.from(shape);
  for (const [i, d] of dims.entries()) check(op, `dimension ${i} of ${argument}`, whole(least), d);
  return dims;
};

/** How many letters must change to make b of a. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
};

/** Of other libraries' names for the same thing. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  dim: ['axes'],
  dims: ['axes'],
  keepdim: ['keep'],
  keepdims: ['keep'],
  kernel: ['size'],
  kernelsize: ['size'],
  kernel_size: ['size'],
  pad: ['padding'],
  feature_group_count: ['groups'],
  constantvalues: ['value'],
  constant_values: ['value'],
  donateargnums: ['donate'],
  donate_argnums: ['donate'],
  numthreads: ['threads'],
  workers: ['threads'],
  weightdecay: ['decay'],
  weight_decay: ['decay'],
  eps: ['epsilon'],
};

const nearest = (name: string, known: readonly string[]): string | undefined => {
  const lower = name.toLowerCase();
  const synonym = (synonyms[lower] ?? []).find((s) => known.includes(s));
  if (synonym !== undefined) return synonym;
  const distances = known.map((k) => ({ k, distance: editDistance(lower, k.toLowerCase()) }));
  const near = distances.filter(({ k, distance }) => distance <= Math.max(1, Math.round(k.length / 2.5)));
  return near.sort((a, b) => a.distance - b.distance)[0]?.k;
};

/** Advice about a word that is not among the known ones. */
const meant = (name: string, known: readonly string[]): string | undefined => {
  const near = nearest(name, known);
  return near === undefined ? undefined : `did you mean "${near}"?`;
};

/** The rule of every option that an operation has; one is not forgotten, since it would not compile. */
export type OptionRules<O> = { readonly [K in keyof Required<O>]: Rule };

/** An options object must be a record with known names alone, each with a value that follows its rule or is undefined. */
export const checkOptions = <O extends object>(
  op: string,
  rules: OptionRules<O>,
  options: unknown,
  needed: readonly (keyof O & string)[] = [],
): void => {
  const known = Object.keys(rules);
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isTensor(options)) {
    const example = known.length > 0 ? `{ ${known[0]}: ... }` : '{}';
    const advice = isTensor(options) ? `the options come first: ${op}(${example})(x)` : undefined;
    throw new ArgumentError(op, 'options', `an object like ${example}`, show(options), advice);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) {
      const advice = meant(name, known) ?? `there are ${quoted(known)}`;
      const words = `there is no option "${name}"`;
      throw new ArgumentError(op, name, `one of ${quoted(known)}`, 'an unknown name', advice, words);
    }
    if (value !== undefined) check(op, name, rules[name as keyof O], value);
  }
  for (const name of needed) {
    if ((options as Record<string, unknown>)[name] === undefined) {
      throw new ArgumentError(op, name, rules[name].expected, 'nothing', 'it has no default');
    }
  }
};
