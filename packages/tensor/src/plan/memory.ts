/** Places in scratch memory: values that live at the same time do not overlap. Greedy by size, lowest fitting offset. */
export type Lifetime = { readonly bytes: number; readonly first: number; readonly last: number };

export const alignment = 64;
export const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Byte offsets for the lifetimes, and the size of the whole. */
export const pack = (lifetimes: readonly Lifetime[]): { offsets: number[]; size: number } => {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  const placed: number[] = [];
  let size = 0;
  for (const i of order) {
    const { bytes, first, last } = lifetimes[i];
    const needed = align(Math.max(bytes, 4));
    // `placed` is kept in order of offset.
    let offset = 0;
    for (const j of placed) {
      const other = lifetimes[j];
      if (other.last < first || other.first > last) continue;
      if (offsets[j] >= offset + needed) break;
      offset = Math.max(offset, offsets[j] + align(Math.max(other.bytes, 4)));
    }
    offsets[i] = offset;
    size = Math.max(size, offset + needed);
    let at = placed.length;
    while (at > 0 && offsets[placed[at - 1]] > offset) at--;
    placed.splice(at, 0, i);
  }
  return { offsets, size };
};
