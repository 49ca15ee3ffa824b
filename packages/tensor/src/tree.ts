/** Trees of tensors: nested arrays and plain records, walked in a fixed order (records by their keys as written). */
import type { Tensor } from './tensor.ts';

export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

const isTensor = (x: unknown): x is Tensor => typeof x === 'object' && x !== null && 'op' in x && 'dtype' in x;

/** Leaves in order. A leaf is a tensor, or whatever `leaf` accepts. */
export const leavesOf = <T = Tensor>(tree: unknown, leaf: (x: unknown) => boolean = isTensor): T[] =>
  leaf(tree)
    ? [tree as T]
    : typeof tree === 'object' && tree !== null
      ? Object.values(tree).flatMap((child) => leavesOf<T>(child, leaf))
      : [];

/** The same tree with every leaf replaced; anything that is neither leaf, array nor record stays as it is. */
export const mapTree = <R>(
  tree: unknown,
  f: (leaf: Tensor, index: number) => unknown,
  leaf: (x: unknown) => x is Tensor = isTensor,
): R => {
  let index = 0;
  const walk = (x: unknown): unknown => {
    if (leaf(x)) return f(x, index++);
    if (Array.isArray(x)) return x.map(walk);
    if (typeof x === 'object' && x !== null && !ArrayBuffer.isView(x)) {
      return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, walk(v)]));
    }
    return x;
  };
  return walk(tree) as R;
};

export { isTensor };
