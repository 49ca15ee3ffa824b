/**
 * Object keypoint similarity (computeOks of pycocotools): the mean over the labelled points of
 * exp(-d² / (2 s² k²)), d the distance, s² the object's area, k twice the point's sigma.
 */

/** Sigmas of COCO's 17 points of a person. */
export const cocoSigmas: readonly number[] = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89,
].map((sigma) => sigma / 10);

/** As numpy sums: eight partial sums, longer lists halved. The order of additions is what makes equal bits. */
export const pairwiseSum = (values: Float64Array, from: number, count: number): number => {
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[from + i];
    return sum;
  }
  if (count > 128) {
    const half = Math.floor(count / 2);
    const first = half - (half % 8);
    return pairwiseSum(values, from, first) + pairwiseSum(values, from + first, count - first);
  }
  const parts = values.slice(from, from + 8);
  const whole = count - (count % 8);
  for (let i = 8; i < whole; i += 8) for (let p = 0; p < 8; p++) parts[p] += values[from + i + p];
  let sum = parts[0] + parts[1] + (parts[2] + parts[3]) + (parts[4] + parts[5] + (parts[6] + parts[7]));
  for (let i = whole; i < count; i++) sum += values[from + i];
  return sum;
};

/** Points in columns: `[instance, point, x y v]`. */
export type PointColumn = Float64Array;

export interface OksObject {
  /** Offset of its first number in the column. */
  readonly at: number;
  readonly area: number;
  /** x, y, width, height: where no point is labelled, distances are those to twice the box around it. */
  readonly box: ArrayLike<number>;
}

const spacing = 2 ** -52;

/** The similarity of a detection's points with an object's, for points of the given sigmas. */
export const oksOf = (sigmas: readonly number[]) => {
  const k = sigmas.length;
  const variances = sigmas.map((sigma) => (sigma * 2) ** 2);
  const terms = new Float64Array(k);
  return (found: PointColumn, at: number, truth: PointColumn, object: OksObject): number => {
    let labelled = 0;
    for (let p = 0; p < k; p++) if (truth[object.at + 3 * p + 2] > 0) labelled++;
    const [x, y, w, h] = [object.box[0], object.box[1], object.box[2], object.box[3]];
    const [left, right, top, bottom] = [x - w, x + w * 2, y - h, y + h * 2];
    let count = 0;
    for (let p = 0; p < k; p++) {
      const [px, py] = [found[at + 3 * p], found[at + 3 * p + 1]];
      let [dx, dy] = [0, 0];
      if (labelled > 0) {
        if (!(truth[object.at + 3 * p + 2] > 0)) continue;
        dx = px - truth[object.at + 3 * p];
        dy = py - truth[object.at + 3 * p + 1];
      } else {
        dx = Math.max(0, left - px) + Math.max(0, px - right);
        dy = Math.max(0, top - py) + Math.max(0, py - bottom);
      }
      terms[count++] = Math.exp(-((dx * dx + dy * dy) / variances[p] / (object.area + spacing) / 2));
    }
    return pairwiseSum(terms, 0, count) / count;
  };
};
