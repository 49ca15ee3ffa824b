/**
 * What an evaluation has to remember of the images it has seen: for each detection its score and, for each area range,
 * one bit a threshold that says whether it found an object and one whether it is left out of the count. Columns, about
 * 40 bytes a detection. Tallies of disjoint sets of images merge; the order of merging leaves no trace because an
 * evaluation starts by ordering the images.
 */

/** Images have numbers or names, COCO's categories numbers, VOC's names. */
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

/**
 * A short list of chunks, each at least twice as heavy as the next: a stream of n images is about log n of them, flat
 * plain data of any length, and each image is copied about log n times.
 */
export interface Tally {
  readonly chunks: readonly TallyChunk[];
}

/** Thrown when an image is counted twice. */
export class DuplicateImageError extends Error {
  override readonly name = 'DuplicateImageError';
  readonly image: Id;
  constructor(image: Id) {
    super(`Image ${JSON.stringify(image)} was added twice; merge evaluations of disjoint sets of images.`);
    this.image = image;
  }
}

export const emptyTally: Tally = { chunks: [] };
export const tallyOf = (chunk: TallyChunk): Tally => ({ chunks: [chunk] });

const weightOf = ({ images, groupImage, scores }: TallyChunk): number =>
  1 + images.length + groupImage.length + scores.length;

const joinedLists = <A>(a: readonly A[], b: readonly A[]): readonly A[] => a.concat(b);

const joinedNumbers = (a: Float64Array, b: Float64Array): Float64Array => {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

const joinedWords = (a: Uint32Array, b: Uint32Array): Uint32Array => {
  const both = new Uint32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

const joined = (a: TallyChunk, b: TallyChunk): TallyChunk => {
  const groupStart = new Uint32Array(a.groupStart.length + b.groupStart.length - 1);
  groupStart.set(a.groupStart);
  for (let g = 1; g < b.groupStart.length; g++) {
    groupStart[a.groupStart.length + g - 1] = a.scores.length + b.groupStart[g];
  }
  return {
    images: joinedLists(a.images, b.images),
    groupImage: joinedLists(a.groupImage, b.groupImage),
    groupCategory: joinedLists(a.groupCategory, b.groupCategory),
    groupStart,
    positives: joinedWords(a.positives, b.positives),
    scores: joinedNumbers(a.scores, b.scores),
    found: joinedWords(a.found, b.found),
    ignored: joinedWords(a.ignored, b.ignored),
  };
};

export const mergeTallies = (left: Tally, right: Tally): Tally => {
  if (left.chunks.length === 0) return right;
  if (right.chunks.length === 0) return left;
  const chunks = [...left.chunks];
  for (const chunk of right.chunks) {
    let last = chunk;
    for (let before = chunks.at(-1); before !== undefined; before = chunks.at(-1)) {
      if (weightOf(before) >= 2 * weightOf(last)) break;
      chunks.pop();
      last = joined(before, last);
    }
    chunks.push(last);
  }
  return { chunks };
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
export const groupsByCategory = ({ chunks }: Tally): ReadonlyMap<Id, readonly GroupPlace[]> => {
  const seen = new Set<Id>();
  const byCategory = new Map<Id, GroupPlace[]>();
  for (const chunk of chunks) {
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
    places.sort((a, b) => compareIds(a.chunk.groupImage[a.group], b.chunk.groupImage[b.group]));
  }
  return byCategory;
};
