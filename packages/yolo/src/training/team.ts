/** Several trainers that make one update together: each takes some of the batch's parts, and all end with the same bits. */
import { leavesOf, mapTree, type Read, sizeOf, type Tensor, tensor } from '@gdarknet/tensor';

/** What members tell each other. Every member makes the same calls in the same order. */
export type Team = {
  /** From 0. */
  readonly rank: number;
  readonly size: number;
  /** In place: the sum over all members, the same bits on each. A call may come before an earlier one has ended. */
  readonly sum: (values: Float64Array) => Promise<void>;
  /** In place: the values of member 0. */
  readonly share: (values: Float32Array) => Promise<void>;
  /** Sums begin while the members still compute: where that would not take their cores. */
  readonly overlaps?: boolean;
  /** Memory for so many zeros that `sum` takes without copying. */
  readonly room?: (count: number) => Float64Array;
  /** Given what a member waits for when it has nothing else to do, so that the time is counted as lost. */
  readonly wait?: <A>(sums: Promise<A>) => Promise<A>;
};

export type Range = { readonly from: number; readonly to: number };

/** The parts of a batch that a member takes: neighbours, as even as can be. */
export const partsOf = (parts: number, rank: number, size: number): Range => ({
  from: Math.floor((parts * rank) / size),
  to: Math.floor((parts * (rank + 1)) / size),
});

/** The leaves of a tree, read from a device, as one array. */
export const flatten = (tree: unknown): Float32Array<ArrayBuffer> => {
  const leaves = leavesOf<Float32Array>(tree, (x) => ArrayBuffer.isView(x));
  const flat = new Float32Array(leaves.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const leaf of leaves) {
    flat.set(leaf, at);
    at += leaf.length;
  }
  return flat;
};

/** The inverse, with the structure and the shapes of `like`. */
export const unflatten = <T>(flat: Float32Array<ArrayBuffer>, like: T): T => {
  let at = 0;
  return mapTree<T>(like, (t: Tensor) => {
    const size = sizeOf(t.shape);
    const leaf = tensor(flat.subarray(at, at + size), t.shape);
    at += size;
    return leaf;
  });
};

/** FNV-1a over the bits of the values. */
export const hashOf = (values: Float32Array): number => {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
};

/** A member's values differ from the others': a fault of a machine or of the network between. */
export class DivergedMembers extends Error {
  override readonly name = 'DivergedMembers';
  readonly ranks: readonly number[];
  constructor(batch: number, ranks: readonly number[]) {
    super(`batch ${batch}: the weights of rank ${ranks.join(', ')} are not those of rank 0`);
    this.ranks = ranks;
  }
}

/** Throws on every member if any holds other bits than member 0. */
export const compareMembers = async (team: Team, values: Read<unknown>, batch: number): Promise<void> => {
  const hash = hashOf(flatten(values));
  const hashes = new Float64Array(team.size);
  hashes[team.rank] = hash;
  await team.sum(hashes);
  const strangers = Array.from(hashes.keys()).filter((rank) => hashes[rank] !== hashes[0]);
  if (strangers.length > 0) throw new DivergedMembers(batch, strangers);
};
