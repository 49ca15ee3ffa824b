/**
 * Why detections are wrong and what each kind of error costs: the breakdown of TIDE (Bolya et al., ECCV 2020). A wrong
 * detection is, at IoU `foreground` 0.5 and `background` 0.1, the first of
 *
 *     localisation     right category, overlap between background and foreground
 *     classification   overlap of foreground with an object of another category
 *     duplicate        right category and overlap, but the object was found already
 *     background       overlap with no object above background
 *     both             what is left: wrong category and loose box
 *
 * and an object is `missed` when no detection, nor one that errs in category or place, was at it. The cost of a kind is
 * the AP gained when its errors alone are mended: moved onto their object if no better detection has it, else taken away.
 */
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import { overlapsIn } from './confusion.ts';
import { detectionSet, visitImages } from './images.ts';

export const errorKinds = ['classification', 'localisation', 'both', 'duplicate', 'background', 'missed'] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface ErrorBreakdown {
  /** AP at the foreground threshold, mean over the categories that have objects. */
  readonly AP: number;
  /** What AP gains when the errors of one kind are mended, 0 to 1. */
  readonly cost: Readonly<Record<ErrorKind, number>>;
  readonly count: Readonly<Record<ErrorKind, number>>;
  /** Gains when all wrong detections are taken away, and when all missed objects are forgotten. */
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

export interface ErrorOptions {
  readonly foreground?: number;
  readonly background?: number;
  /** Detections an image and category that are looked at. Default 100. */
  readonly limit?: number;
}

type Verdict = ErrorKind | 'right' | 'ignored';

interface Judged {
  readonly category: number;
  readonly score: number;
  readonly verdict: Verdict;
  /** Row of the object that the error is about: where it would be right. */
  readonly object: number;
}

interface Outcome {
  readonly category: number;
  readonly score: number;
  readonly right: boolean;
}

/** AP at 101 recalls of detections given by score and rightness. */
const averagePrecision = (rows: readonly Outcome[], positives: number): number => {
  if (positives === 0) return Number.NaN;
  const ranked = [...rows].sort((a, b) => b.score - a.score);
  const envelope: number[] = [];
  ranked.forEach((row, i) => {
    if (row.right) envelope.push((envelope.length + 1) / (i + 1));
  });
  for (let c = envelope.length - 2; c >= 0; c--) envelope[c] = Math.max(envelope[c]!, envelope[c + 1]!);
  let sum = 0;
  for (let r = 0; r <= 100; r++) sum += envelope[Math.max(0, Math.ceil((r / 100) * positives - 1e-9) - 1)] ?? 0;
  return sum / 101;
};

const meanOver = (values: readonly number[]): number => {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
};

interface Verdicts {
  readonly judged: readonly Judged[];
  /** Rows of objects found by a right detection. */
  readonly foundObjects: ReadonlySet<number>;
  /** Rows of objects nobody was at. */
  readonly missedObjects: readonly number[];
  /** `[category]` */
  readonly positives: readonly number[];
}

const verdictsOf = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  { foreground = 0.5, background = 0.1, limit = 100 }: ErrorOptions,
): Verdicts & { readonly categoryOf: (object: number) => number } => {
  const set = detectionSet(groundTruth, detections);
  const { index, truth, found } = set;
  const judged: Judged[] = [];
  const foundObjects = new Set<number>();
  const missedObjects: number[] = [];
  const positives = index.categories.map(() => 0);
  visitImages(set, ({ detections: all, objects }) => {
    const seen = new Map<number, number>();
    const rows = all.filter((row) => {
      const rank = seen.get(found.category[row]!) ?? 0;
      seen.set(found.category[row]!, rank + 1);
      return rank < limit;
    });
    const overlaps = overlapsIn(set, { detections: rows, objects });
    const taken = new Uint8Array(objects.length);
    const matches = Array.from(rows, (row, d) => {
      let best = foreground;
      let chosen = -1;
      objects.forEach((object, o) => {
        const overlap = overlaps[d * objects.length + o]!;
        if (truth.category[object] !== found.category[row] || truth.crowd[object] || taken[o] || overlap < best) return;
        best = overlap;
        chosen = o;
      });
      if (chosen >= 0) taken[chosen] = 1;
      return chosen;
    });
    /** The object that the detection overlaps most among some, and how much. */
    const nearest = (d: number, among: (object: number, o: number) => boolean) => {
      let place = -1;
      let overlap = -1;
      objects.forEach((object, o) => {
        if (!truth.crowd[object] && among(object, o) && overlaps[d * objects.length + o]! > overlap) {
          overlap = overlaps[d * objects.length + o]!;
          place = o;
        }
      });
      return { place, overlap };
    };
    const about = new Uint8Array(objects.length);
    const verdictOf = (row: number, d: number): { readonly verdict: Verdict; readonly place: number } => {
      const category = found.category[row]!;
      if (matches[d]! >= 0) return { verdict: 'right', place: matches[d]! };
      const inCrowd = objects.some(
        (object, o) =>
          truth.crowd[object] === 1 &&
          truth.category[object] === category &&
          overlaps[d * objects.length + o]! >= foreground,
      );
      if (inCrowd) return { verdict: 'ignored', place: -1 };
      const own = nearest(d, (object) => truth.category[object] === category);
      const other = nearest(d, (object) => truth.category[object] !== category);
      if (own.overlap >= background && own.overlap < foreground) return { verdict: 'localisation', place: own.place };
      if (other.overlap >= foreground) return { verdict: 'classification', place: other.place };
      if (own.overlap >= foreground) return { verdict: 'duplicate', place: own.place };
      return { verdict: Math.max(own.overlap, other.overlap) < background ? 'background' : 'both', place: -1 };
    };
    rows.forEach((row, d) => {
      const { verdict, place } = verdictOf(row, d);
      const object = place < 0 ? -1 : objects[place]!;
      judged.push({ category: found.category[row]!, score: found.score[row]!, verdict, object });
      if (verdict === 'right') foundObjects.add(object);
      if (verdict === 'localisation' || verdict === 'classification') about[place] = 1;
    });
    objects.forEach((object, o) => {
      if (truth.crowd[object]) return;
      positives[truth.category[object]!]!++;
      if (!taken[o] && !about[o]) missedObjects.push(object);
    });
  });
  return { judged, foundObjects, missedObjects, positives, categoryOf: (object) => truth.category[object]! };
};

export const errorBreakdown = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  options: ErrorOptions = {},
): ErrorBreakdown => {
  const { judged, foundObjects, missedObjects, positives, categoryOf } = verdictsOf(groundTruth, detections, options);
  const score = (rows: readonly Outcome[], there = positives): number => {
    const byCategory = there.map((): Outcome[] => []);
    for (const row of rows) byCategory[row.category]!.push(row);
    return meanOver(there.map((count, category) => averagePrecision(byCategory[category]!, count)));
  };
  const counted = judged.filter((row) => row.verdict !== 'ignored');
  const asIs = counted.map((row) => ({ ...row, right: row.verdict === 'right' }));
  const AP = score(asIs);

  const fewer = (objects: readonly number[]): readonly number[] => {
    const left = [...positives];
    for (const object of objects) left[categoryOf(object)]!--;
    return left;
  };
  /** Of the detections that err about one object, the best is moved onto it; the others go. */
  const moved = (kind: ErrorKind): number => {
    const best = new Map<number, Judged>();
    for (const row of counted) {
      if (row.verdict !== kind || row.object < 0 || foundObjects.has(row.object)) continue;
      const rival = best.get(row.object);
      if (rival === undefined || row.score > rival.score) best.set(row.object, row);
    }
    const mended = [...best.values()].map((row) => ({ ...row, category: categoryOf(row.object), right: true }));
    return score([...asIs.filter((row) => row.verdict !== kind), ...mended]);
  };
  const removed = (kind: ErrorKind): number => score(asIs.filter((row) => row.verdict !== kind));
  const mend: { readonly [K in ErrorKind]: (kind: K) => number } = {
    classification: moved,
    localisation: moved,
    both: removed,
    duplicate: removed,
    background: removed,
    missed: () => score(asIs, fewer(missedObjects)),
  };
  const table = <A>(of: (kind: ErrorKind) => A): Readonly<Record<ErrorKind, A>> =>
    Object.fromEntries(errorKinds.map((kind) => [kind, of(kind)])) as Record<ErrorKind, A>;
  const unfound = positives.map((_, category) => asIs.filter((row) => row.right && row.category === category).length);
  return {
    AP,
    cost: table((kind) => (mend[kind] as (kind: ErrorKind) => number)(kind) - AP),
    count: table((kind) =>
      kind === 'missed' ? missedObjects.length : counted.filter((row) => row.verdict === kind).length,
    ),
    falsePositives: score(asIs.filter((row) => row.right)) - AP,
    falseNegatives: score(asIs, unfound) - AP,
  };
};
