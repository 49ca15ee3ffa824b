/** Which error each detection is: the matching and the rules of TIDE, of tidecv (`compat`) or ours. See errors.ts. */
import { cornerStride } from '../box/corners.ts';
import { overlapsIn } from './confusion.ts';
import type { ErrorKind, ErrorRules, QualifiedBox } from './errors.ts';
import type { DetectionSet, ImageBoxes } from './images.ts';
import { visitImages } from './images.ts';

export interface Judged {
  readonly category: number;
  readonly score: number;
  /** Nothing is wrong without. */
  readonly error: Exclude<ErrorKind, 'missed'> | undefined;
  /** Not counted: in a crowd. */
  readonly ignored: boolean;
  /** Row of the object that the error is about, or -1. */
  readonly object: number;
  readonly detection: number;
  /** Mending moves the detection onto its object; else it is taken away. */
  readonly mends: boolean;
}

export interface JudgedSet {
  readonly rows: readonly Judged[];
  /** Rows of objects nobody was at. */
  readonly missed: readonly number[];
  /** `[category]` */
  readonly positives: Float64Array;
  readonly boxOf: (row: Pick<Judged, 'object' | 'detection'>) => QualifiedBox;
}

/** The rows that are looked at, by descending score. */
const admitted = (all: Uint32Array, { found }: DetectionSet, { limit, compat }: ErrorRules): Uint32Array => {
  if (compat) return all.slice(0, limit);
  const seen = new Map<number, number>();
  return all.filter((row) => {
    const rank = seen.get(found.category[row]) ?? 0;
    seen.set(found.category[row], rank + 1);
    return rank < limit;
  });
};

interface Verdict {
  readonly error: Judged['error'];
  readonly ignored: boolean;
  /** Place of the object in the image, or -1. */
  readonly place: number;
}

/** What the boxes of an image are to each other. */
interface Scene {
  readonly rows: Uint32Array;
  /** Rows of the objects to find, and of the crowds. */
  readonly objects: Uint32Array;
  readonly crowds: Uint32Array;
  readonly overlap: (d: number, o: number) => number;
  readonly crowdOverlap: (d: number, c: number) => number;
  readonly own: (d: number, o: number) => boolean;
}

const sceneOf = (set: DetectionSet, { detections, objects: all }: ImageBoxes, rules: ErrorRules): Scene => {
  const { truth, found } = set;
  const rows = admitted(detections, set, rules);
  const objects = all.filter((row) => truth.crowd[row] === 0);
  const crowds = all.filter((row) => truth.crowd[row] !== 0);
  const overlaps = overlapsIn(set, { detections: rows, objects });
  const inCrowds = overlapsIn(set, { detections: rows, objects: crowds });
  return {
    rows,
    objects,
    crowds,
    overlap: (d, o) => overlaps[d * objects.length + o],
    crowdOverlap: (d, c) => inCrowds[d * crowds.length + c],
    own: (d, o) => truth.category[objects[o]] === found.category[rows[d]],
  };
};

/** The object of the largest overlap among some, the first of equals; -1 and 0 where all have none. */
const largest = (count: number, value: (o: number) => number): { readonly place: number; readonly overlap: number } => {
  let place = -1;
  let overlap = 0;
  for (let o = 0; o < count; o++) {
    if (value(o) <= overlap) continue;
    overlap = value(o);
    place = o;
  }
  return { place, overlap };
};

/** Which object each detection finds, by descending score; -1. */
const matchesIn = ({ rows, objects, overlap, own }: Scene, { foreground, compat }: ErrorRules): Int32Array => {
  const taken = new Uint8Array(objects.length);
  return Int32Array.from(rows, (_, d) => {
    let best = foreground;
    let chosen = -1;
    for (let o = 0; o < objects.length; o++) {
      if (taken[o] || !own(d, o) || overlap(d, o) < best) continue;
      // numpy's argmax takes the first of equals, COCO's matching the last.
      if (compat && chosen >= 0 && overlap(d, o) === best) continue;
      best = overlap(d, o);
      chosen = o;
    }
    if (chosen >= 0) taken[chosen] = 1;
    return chosen;
  });
};

const verdictOf = (
  d: number,
  scene: Scene,
  category: number,
  crowdCategory: (c: number) => number,
  foundAlready: Uint8Array,
  { foreground, background, compat }: ErrorRules,
): Verdict => {
  const { objects, crowds, overlap, crowdOverlap, own } = scene;
  const ignored = crowds.some((_, c) => {
    const value = crowdOverlap(d, c);
    return crowdCategory(c) === category && (compat ? value > foreground : value >= foreground);
  });
  if (ignored && !compat) return { error: undefined, ignored, place: -1 };
  const ofOwn = largest(objects.length, (o) => (own(d, o) ? overlap(d, o) : 0));
  const ofOthers = largest(objects.length, (o) => (own(d, o) ? 0 : overlap(d, o)));
  const below = compat ? ofOwn.overlap <= foreground : ofOwn.overlap < foreground;
  // With a background of 0 a detection far from all errs about the first object, as argmax has it.
  if (objects.length > 0 && ofOwn.overlap >= background && below && (ofOwn.place >= 0 || compat)) {
    return { error: 'localisation', ignored, place: Math.max(0, ofOwn.place) };
  }
  if (ofOthers.overlap >= foreground) return { error: 'classification', ignored, place: ofOthers.place };
  const ofFound = compat ? largest(objects.length, (o) => (own(d, o) && foundAlready[o] ? overlap(d, o) : 0)) : ofOwn;
  if (ofFound.overlap >= foreground) return { error: 'duplicate', ignored, place: -1 };
  const most = Math.max(ofOwn.overlap, ofOthers.overlap);
  const far = compat ? most <= background || objects.length === 0 : most < background;
  return { error: far ? 'background' : 'both', ignored, place: -1 };
};

/** The best of the errors about one object is moved onto it: of each kind, or of all kinds (tidecv). */
const menders = (verdicts: readonly Verdict[], taken: Uint8Array, compat: boolean): ReadonlySet<number> => {
  const best = new Map<string, number>();
  verdicts.forEach(({ error, place }, d) => {
    if (place < 0 || taken[place]) return;
    // Detections come by descending score: the first is the best.
    const key = compat ? `${place}` : `${error} ${place}`;
    if (!best.has(key)) best.set(key, d);
  });
  return new Set(best.values());
};

export const judged = (set: DetectionSet, rules: ErrorRules): JudgedSet => {
  const { truth, found, index } = set;
  const positives = new Float64Array(index.categories.length);
  const byImage: { readonly image: number; readonly rows: readonly Judged[] }[] = [];
  const missed: number[] = [];
  visitImages(set, (boxes) => {
    const scene = sceneOf(set, boxes, rules);
    const { rows, objects, crowds } = scene;
    const matches = matchesIn(scene, rules);
    const taken = new Uint8Array(objects.length);
    for (const o of matches) if (o >= 0) taken[o] = 1;
    const right: Verdict = { error: undefined, ignored: false, place: -1 };
    const crowdCategory = (c: number): number => truth.category[crowds[c]];
    const verdicts = Array.from(rows, (row, d) =>
      matches[d] >= 0 ? right : verdictOf(d, scene, found.category[row], crowdCategory, taken, rules),
    );
    const moved = menders(verdicts, taken, rules.compat);
    byImage.push({
      image: boxes.image,
      rows: verdicts.map(({ error, ignored, place }, d) => ({
        category: found.category[rows[d]],
        score: found.score[rows[d]],
        error,
        ignored,
        object: place < 0 ? -1 : objects[place],
        detection: rows[d],
        mends: moved.has(d),
      })),
    });
    const about = new Set(verdicts.map(({ place }) => place));
    objects.forEach((row, o) => {
      positives[truth.category[row]]++;
      if (!taken[o] && !about.has(o)) missed.push(row);
    });
  });
  // tidecv goes through the images as the file has them; it tells equal scores apart by that.
  if (rules.compat) byImage.sort((a, b) => set.fileOrder[a.image] - set.fileOrder[b.image]);
  return {
    rows: byImage.flatMap(({ rows }) => rows),
    missed,
    positives,
    boxOf: ({ object, detection }) => {
      const [corners, row] = object >= 0 ? [truth.corners, object] : [found.corners, detection];
      const [width, height] = [corners[row * cornerStride + 4], corners[row * cornerStride + 5]];
      return { width, height, area: width * height };
    },
  };
};
