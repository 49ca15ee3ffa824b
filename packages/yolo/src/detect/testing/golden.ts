/** Detections recorded from the original (goldens/README.md, detect/), as candidates. */
import { allocateCandidates, type Candidates } from '../candidates.ts';

export interface GoldenDetections {
  readonly w: number;
  readonly h: number;
  readonly nms: number;
  readonly boxes_before_nms: number;
  readonly total_class_detections: number;
  readonly pre_nms: readonly {
    readonly obj: number;
    readonly box: readonly number[];
    readonly probs: Readonly<Record<string, number>>;
  }[];
  readonly detections: readonly {
    readonly class: number;
    readonly prob: number;
    readonly obj: number;
    readonly box: readonly number[];
  }[];
}

export const goldenCandidates = ({ pre_nms }: GoldenDetections, classes = 80): Candidates => {
  const candidates = allocateCandidates(pre_nms.length, classes);
  pre_nms.forEach(({ obj, box, probs }, row) => {
    candidates.objectness[row] = obj;
    candidates.boxes.set(box, 4 * row);
    for (const [c, p] of Object.entries(probs)) candidates.probabilities[row * classes + Number(c)] = p;
  });
  return candidates;
};

/** What stands, in file order, in the form of `GoldenDetections.detections` rounded to float32. */
export const standing = ({ count, classes, boxes, objectness, probabilities }: Candidates) => {
  const rows: GoldenDetections['detections'][number][] = [];
  for (let row = 0; row < count; row++) {
    for (let c = 0; c < classes; c++) {
      const prob = probabilities[row * classes + c];
      if (prob > 0) rows.push({ class: c, prob, obj: objectness[row], box: [...boxes.subarray(4 * row, 4 * row + 4)] });
    }
  }
  return rows;
};

const { fround } = Math;
export const rounded = ({ detections }: GoldenDetections): GoldenDetections['detections'] =>
  detections.map((d) => ({ class: d.class, prob: fround(d.prob), obj: fround(d.obj), box: d.box.map(fround) }));

/** Relative boxes to pixels, as the original multiplies them. */
export const inPixels = (candidates: Candidates, { w, h }: { readonly w: number; readonly h: number }): Candidates => ({
  ...candidates,
  boxes: candidates.boxes.map((v, i) => v * (i % 2 === 0 ? w : h)),
});
