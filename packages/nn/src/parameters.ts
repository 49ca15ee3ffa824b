/** Walking several trees of one structure together, with the path of each leaf. */
import { type Tensor, TensorError } from '@gdarknet/tensor';

/** Names from the root to a leaf, as `['4', 'weights']`. */
export type Path = readonly string[];

const isLeaf = (x: unknown): x is Tensor => typeof x === 'object' && x !== null && 'op' in x && 'dtype' in x;

/**
 * A tree like `tree` with `f` of each leaf and of the leaves at the same path of the other trees (whatever the order of
 * their keys).
 */
export const mapTrees = <T>(
  f: (path: Path, leaf: Tensor, ...others: Tensor[]) => Tensor,
  tree: T,
  ...others: readonly unknown[]
): T => {
  const walk = (path: Path, x: unknown, rest: readonly unknown[]): unknown => {
    if (isLeaf(x)) {
      const missing = rest.findIndex((o) => !isLeaf(o));
      if (missing >= 0)
        throw new TensorError(
          'mapTrees',
          `a tree has no tensor at ${path.join('.') || 'its root'}; it must be like the first`,
        );
      return f(path, x, ...(rest as Tensor[]));
    }
    const below = (key: string, child: unknown): unknown =>
      walk(
        [...path, key],
        child,
        rest.map((o) => (typeof o === 'object' && o !== null ? (o as Record<string, unknown>)[key] : undefined)),
      );
    if (Array.isArray(x)) return x.map((child, i) => below(String(i), child));
    if (typeof x === 'object' && x !== null) {
      return Object.fromEntries(Object.entries(x).map(([key, child]) => [key, below(key, child)]));
    }
    return x;
  };
  return walk([], tree, others) as T;
};
