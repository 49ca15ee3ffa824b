/** Kernels that fold over nothing: an empty batch of gradients, a product whose inner axis has length 0. */
import type { Graph, Node } from '../graph.ts';
import type { Op } from '../op.ts';
import { sizeOf } from '../shape.ts';
import { isComputed } from './fuse.ts';

/** Whether every element of the result is made of no element at all. */
export const isVacuous = (node: Node, { nodes }: Graph): boolean =>
  !isComputed(node) && node.inputs.length > 0 && node.inputs.some((i) => sizeOf(nodes[i].shape) === 0);

/** What such an element is, as NumPy has it: a sum is 0, a mean is no number. */
export const ofNothing = (op: Op): number => (op.kind === 'moments' ? Number.NaN : 0);
