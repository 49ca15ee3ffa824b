/** Trees of tensors: nested arrays and plain records, walked in a fixed order (records by their keys as written). */
import { ArgumentError } from './errors.ts';
import type { Tensor } from './tensor.ts';

export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

const isTensor = (x: unknown): x is Tensor => typeof x === 'object' && x !== null && 'op' in x && 'dtype' in x;

/** An array, or a record that no class has made. */
const childrenOf = (x: unknown): readonly unknown[] | undefined => {
  if (typeof x !== 'object' || x === null || ArrayBuffer.isView(x)) return undefined;
  if (Array.isArray(x)) return x;
  return isPlain(x) ? Object.values(x) : undefined;
};

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x);
  // Object.prototype is the one with none before it; so is that of another realm, as a frame of a browser.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * A tensor inside an instance of a class would not be found, and stay what it was at the first call. Only the instance's
 * own fields (and what a Map or Set holds) are looked at.
 */
const refuseHidden = (x: unknown, leaf: (x: unknown) => boolean): void => {
  if (typeof x !== 'object' || x === null || ArrayBuffer.isView(x)) return;
  const held = x instanceof Map || x instanceof Set ? [...x.values()] : Object.values(x);
  if (!held.some(leaf)) return;
  const kind = x.constructor?.name ?? 'object';
  const advice = 'give its tensors in an array or a record';
  throw new ArgumentError('tree', `a ${kind} with tensors`, 'an array or a plain record', `a ${kind}`, advice);
};

/**
 * Leaves in order. A leaf is a tensor, or whatever `leaf` accepts. Instances of classes are no trees, and are refused when
 * they hold leaves.
 */
export const leavesOf = <T = Tensor>(tree: unknown, leaf: (x: unknown) => boolean = isTensor): T[] => {
  const leaves: T[] = [];
  const walk = (x: unknown): void => {
    if (leaf(x)) {
      leaves.push(x as T);
      return;
    }
    const children = childrenOf(x);
    if (children === undefined) refuseHidden(x, leaf);
    else for (const child of children) walk(child);
  };
  walk(tree);
  return leaves;
};

/** The same tree with every leaf replaced; anything that is neither leaf, array nor record stays as it is. */
export const mapTree = <R>(
  tree: unknown,
  f: (leaf: Tensor, index: number) => unknown,
  leaf: (x: unknown) => x is Tensor = isTensor,
): R => {
  let index = 0;
  const walk = (x: unknown): unknown => {
    if (leaf(x)) return f(x, index++);
    if (Array.isArray(x)) return Array.from(x, walk);
    if (childrenOf(x) !== undefined) {
      return Object.fromEntries(Object.entries(x as object).map(([k, v]) => [k, walk(v)]));
    }
    refuseHidden(x, leaf);
    return x;
  };
  return walk(tree) as R;
};

export { isTensor };
