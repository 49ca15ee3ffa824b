/**
 * What an evaluation has to remember of the images it has seen: for each detection its score and, for each area range,
 * one bit a threshold that says whether it found an object and one whether it is left out of the count. Columns, about
 * 40 bytes a detection. Tallies of disjoint sets of images merge; the order of merging leaves no trace because an
 * evaluation starts by ordering the images.
 */

/** COCO's images have numbers, VOC's have names. */
export type Id = number | string;

/** A group is one image and one category; its detections lie one after another, by descending score. */
export interface TallyChunk {
  /** Every image looked at, also those without a box. */
  readonly images: readonly Id[];
  readonly groupImage: readonly Id[];
  readonly groupCategory: readonly Id[];
  /** `[group + 1]`: where the detections of a group start. */
  readonly groupStart: Uint32Array;
  /** `[group, area]`: objects to find. */
  readonly positives: Uint32Array;
  readonly scores: Float64Array;
  /** `[detection, area, word]`, 32 thresholds a word: the detection found an object. */
  readonly found: Uint32Array;
  /** As `found`: neither right nor wrong. */
  readonly ignored: Uint32Array;
}

/** An unbalanced tree of chunks, so that merging copies nothing. */
export type Tally =
  | { readonly tag: 'empty' }
  | { readonly tag: 'chunk'; readonly chunk: TallyChunk }
  | { readonly tag: 'both'; readonly left: Tally; readonly right: Tally };

/** Thrown when an image is counted twice. */
export class DuplicateImageError extends Error {
  override readonly name = 'DuplicateImageError';
  readonly image: Id;
  constructor(image: Id) {
    super(`Image ${JSON.stringify(image)} was added twice; merge evaluations of disjoint sets of images.`);
    this.image = image;
  }
}

export const emptyTally: Tally = { tag: 'empty' };

export const mergeTallies = (left: Tally, right: Tally): Tally => {
  if (left.tag === 'empty') return right;
  return right.tag === 'empty' ? left : { tag: 'both', left, right };
};

/** The chunks from left to right; a loop, because a stream of images makes a tree as deep as it is long. */
export const chunksOf = (tally: Tally): readonly TallyChunk[] => {
  const chunks: TallyChunk[] = [];
  const waiting: Tally[] = [tally];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.tag === 'chunk') chunks.push(node.chunk);
    if (node.tag === 'both') waiting.push(node.right, node.left);
  }
  return chunks;
};

export const wordsOf = (thresholds: number): number => Math.ceil(thresholds / 32);

/** Numbers by size, then names by their code units. */
export const compareIds = (a: Id, b: Id): number => {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'number' ? -1 : 1;
};

/** A group of some chunk. */
export interface GroupPlace {
  readonly chunk: TallyChunk;
  readonly group: number;
}

/**
 * The groups by category, in each the images ascending.
 * @throws DuplicateImageError
 */
export const groupsByCategory = (tally: Tally): ReadonlyMap<Id, readonly GroupPlace[]> => {
  const seen = new Set<Id>();
  const byCategory = new Map<Id, GroupPlace[]>();
  for (const chunk of chunksOf(tally)) {
    for (const image of chunk.images) {
      if (seen.has(image)) throw new DuplicateImageError(image);
      seen.add(image);
    }
    chunk.groupCategory.forEach((category, group) => {
      const places = byCategory.get(category);
      if (places === undefined) byCategory.set(category, [{ chunk, group }]);
      else places.push({ chunk, group });
    });
  }
  for (const places of byCategory.values()) {
    places.sort((a, b) => compareIds(a.chunk.groupImage[a.group]!, b.chunk.groupImage[b.group]!));
  }
  return byCategory;
};
