/**
 * Which elementwise nodes are computed where. A node is inlined into the steps that read it when no memory would be saved
 * by keeping it: all its readers belong to one step, or it is so cheap that computing it again costs less than storing it.
 */
import type { Graph, Node } from '../graph.ts';
import { hasRole, isElementwise, type Op } from '../op.ts';
import { isScalar, scalarRows } from '../scalars.ts';

/** Computing it again costs less than storing it. */
const isCheap = ({ kind }: Op): boolean =>
  kind === 'select' || kind === 'cast' || kind === 'iota' || (isScalar(kind) && scalarRows[kind].cheap);
/** A step is at most so much code: a kernel's locals are registers, and nothing that people write is as long. */
const longest = 256;
const codeOf = ({ kind }: Op): number => (isScalar(kind) ? (scalarRows[kind].code ?? 1) : 1);
/** A chain of at most this many cheap operations is computed again rather than stored. */
const cheapChain = 8;

export const isMovement = ({ op }: Node): boolean => hasRole(op, 'movement');
/** Elementwise, or made of nothing: what an expression can compute. */
export const isComputed = ({ op }: Node): boolean => isElementwise(op) || hasRole(op, 'position');

const isFold = ({ op }: Node): boolean => hasRole(op, 'fold');

/** For each node the root nodes whose step computes it; a node that is its own only root gets a step and a value. */
export const fuse = ({ nodes, outputs }: Graph): readonly ReadonlySet<number>[] => {
  const readers = nodes.map(() => new Set<number>());
  for (const n of nodes) for (const i of n.op.kind === 'tag' ? n.inputs.slice(0, 1) : n.inputs) readers[i].add(n.id);
  const kept = new Set(outputs);

  const cost: number[] = [];
  for (const n of nodes) {
    const own = isCheap(n.op) ? 1 : isElementwise(n.op) ? Number.POSITIVE_INFINITY : 0;
    cost.push(own === 0 ? 0 : n.inputs.reduce((sum, i) => sum + cost[i], own));
  }

  const roots: ReadonlySet<number>[] = new Array(nodes.length);
  const sizes = nodes.map(({ op }) => codeOf(op));
  for (let id = nodes.length - 1; id >= 0; id--) {
    const self = new Set([id]);
    roots[id] = self;
    if (!isComputed(nodes[id]) || kept.has(id) || readers[id].size === 0) continue;
    const inlining = [...readers[id]].every((r) => isElementwise(nodes[r].op) || isFold(nodes[r]));
    if (!inlining) continue;
    const joined = new Set([...readers[id]].flatMap((r) => [...roots[r]]));
    if (joined.size > 1 && cost[id] > cheapChain) continue;
    const code = codeOf(nodes[id].op);
    if ([...joined].some((root) => sizes[root] + code > longest)) continue;
    for (const root of joined) sizes[root] += code;
    roots[id] = joined;
  }
  return roots;
};
