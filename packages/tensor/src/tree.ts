/**
 * Trees of tensors: nested arrays and records, walked in a fixed order (records by their keys as written). A record of a
 * class keeps its class. What is neither array nor record (a number, a function, a Map, a typed array) is no part of the
 * tree: it stays as it is. A Map or Set that holds tensors is refused.
 */
import { ArgumentError, TensorError } from './errors.ts';
import type { Tensor } from './tensor.ts';

export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

export const isTensor = (x: unknown): x is Tensor => typeof x === 'object' && x !== null && 'op' in x && 'dtype' in x;

/** Objects of the language's own classes (Map, Promise, Date, typed arrays) are no records. */
export const isRecord = (x: unknown): x is Record<string, unknown> =>
  typeof x === 'object' && x !== null && Object.prototype.toString.call(x) === '[object Object]';

/** A part of a tree that holds itself has no end. */
const circular = (): never => {
  throw new TensorError('tree', 'an array or record holds itself; a tree of tensors must end');
};

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

/** Whether x is made again with its leaves replaced. An object of a class that holds no leaf stays the same object. */
export const isBranch = (x: unknown, leaf: (x: unknown) => boolean = isTensor): x is object =>
  Array.isArray(x) || (isRecord(x) && (isPlain(x) || leavesOf(x, leaf).length > 0));

const branchOf = (x: unknown): readonly unknown[] | undefined =>
  Array.isArray(x) ? x : isRecord(x) ? Object.values(x) : undefined;

/** A tensor that no walk finds would stay, without a word, what it was at the first call. */
const refuseHidden = (x: unknown, leaf: (x: unknown) => boolean): void => {
  if (!(x instanceof Map || x instanceof Set) || ![...x.values()].some(leaf)) return;
  const { name } = x.constructor;
  throw new ArgumentError('tree', `a ${name} with tensors`, 'an array or a record', `a ${name}`);
};

/** Leaves in order. A leaf is a tensor, or whatever `leaf` accepts. */
export const leavesOf = <T = Tensor>(tree: unknown, leaf: (x: unknown) => boolean = isTensor): T[] => {
  const leaves: T[] = [];
  const open = new Set<unknown>();
  const stack: { readonly source: unknown; readonly branch: readonly unknown[]; next: number }[] = [];
  const enter = (x: unknown): void => {
    if (leaf(x)) {
      leaves.push(x as T);
      return;
    }
    const branch = branchOf(x);
    if (branch === undefined) {
      refuseHidden(x, leaf);
      return;
    }
    if (open.has(x)) circular();
    open.add(x);
    stack.push({ source: x, branch, next: 0 });
  };
  enter(tree);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.next < top.branch.length) enter(top.branch[top.next++]);
    else {
      open.delete(top.source);
      stack.pop();
    }
  }
  return leaves;
};

/** The same tree with every leaf replaced; anything that is neither leaf, array nor record stays as it is. */
export const mapTree = <R>(
  tree: unknown,
  f: (leaf: Tensor, index: number) => unknown,
  leaf: (x: unknown) => x is Tensor = isTensor,
): R => {
  type Frame = { readonly source: object; readonly keys: readonly string[]; readonly target: object; next: number };
  let index = 0;
  const open = new Set<unknown>();
  const stack: Frame[] = [];
  const put = (target: object, key: string, value: unknown): void => {
    // A class may have a setter of this name, and `__proto__` is one everywhere.
    if (key in target && !Array.isArray(target))
      Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
    else (target as Record<string, unknown>)[key] = value;
  };
  /** What stands for x; its parts follow. */
  const enter = (x: unknown): unknown => {
    if (leaf(x)) return f(x, index++);
    if (!isBranch(x, leaf)) return x;
    if (open.has(x)) circular();
    open.add(x);
    const target = Array.isArray(x) ? new Array(x.length) : Object.create(Object.getPrototypeOf(x));
    stack.push({ source: x, keys: Object.keys(x), target, next: 0 });
    return target;
  };
  const result = enter(tree);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.next < top.keys.length) {
      const key = top.keys[top.next++];
      put(top.target, key, enter((top.source as Record<string, unknown>)[key]));
    } else {
      open.delete(top.source);
      stack.pop();
    }
  }
  return result as R;
};
