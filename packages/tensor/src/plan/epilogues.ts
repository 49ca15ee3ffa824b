/** Which kernels finish their result with an expression: a bias, an activation, a sum with another image. */
import type { Graph } from '../graph.ts';
import type { OpKind } from '../op.ts';
import { sameShape } from '../shape.ts';
import { isComputed } from './fuse.ts';
import { isVacuous } from './nothing.ts';

const finishing: ReadonlySet<OpKind> = new Set<OpKind>(['conv2d', 'conv2dInput', 'matmul']);

/** For each node those that take it, once for each time. */
export const readersOf = ({ nodes }: Graph): readonly (readonly number[])[] => {
  const readers = nodes.map(() => [] as number[]);
  for (const n of nodes) for (const i of n.inputs) readers[i].push(n.id);
  return readers;
};

/**
 * A kernel that only one expression reads, of its own shape, is finished by it: the expression's root to the kernel.
 * `roots` is what `fuse` gives.
 */
export const findEpilogues = (graph: Graph, roots: readonly ReadonlySet<number>[]): ReadonlyMap<number, number> => {
  const { nodes, outputs } = graph;
  const readers = readersOf(graph);
  const kept = new Set(outputs);
  const finishes = new Map<number, number>();
  for (let id = nodes.length - 1; id >= 0; id--) {
    if (!finishing.has(nodes[id].op.kind) || kept.has(id) || readers[id].length === 0) continue;
    if (isVacuous(nodes[id], graph)) continue;
    const groups = new Set(readers[id].flatMap((r) => (isComputed(nodes[r]) ? [...roots[r]] : [-1])));
    const [root] = groups;
    if (groups.size !== 1 || root === -1 || finishes.has(root)) continue;
    if (isComputed(nodes[root]) && sameShape(nodes[root].shape, nodes[id].shape)) finishes.set(root, id);
  }
  return finishes;
};
