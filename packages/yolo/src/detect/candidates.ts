/** Boxes that a network proposes for one image, as columns. */
export interface Candidates {
  readonly count: number;
  readonly classes: number;
  /** `[count, 4]`: centre x, centre y, width, height. */
  readonly boxes: Float32Array;
  /** `[count]`, 0 to 1. */
  readonly objectness: Float32Array;
  /** `[count, classes]`: objectness times class probability; 0 where not above the threshold, or suppressed. */
  readonly probabilities: Float32Array;
}

export const allocateCandidates = (count: number, classes: number): Candidates => ({
  count,
  classes,
  boxes: new Float32Array(4 * count),
  objectness: new Float32Array(count),
  probabilities: new Float32Array(count * classes),
});

/** The rows `order` of `source`, copied. */
export const takeRows = (source: Candidates, order: ArrayLike<number>): Candidates => {
  const { classes } = source;
  const target = allocateCandidates(order.length, classes);
  for (let row = 0; row < order.length; row++) {
    const from = order[row];
    target.boxes.set(source.boxes.subarray(4 * from, 4 * from + 4), 4 * row);
    target.probabilities.set(source.probabilities.subarray(classes * from, classes * (from + 1)), classes * row);
    target.objectness[row] = source.objectness[from];
  }
  return target;
};

export interface Detection {
  readonly class: number;
  /** Objectness times class probability. */
  readonly score: number;
  readonly objectness: number;
  /** Centre x, centre y, width, height, in the units of the candidates. */
  readonly box: readonly [x: number, y: number, w: number, h: number];
}

/** Every box and class with a score above `threshold`, best first. */
export const listDetections = (candidates: Candidates, threshold = 0): readonly Detection[] => {
  const { count, classes, boxes, objectness, probabilities } = candidates;
  const found: Detection[] = [];
  for (let row = 0; row < count; row++) {
    for (let c = 0; c < classes; c++) {
      const score = probabilities[row * classes + c];
      if (score <= threshold) continue;
      const box = [boxes[4 * row], boxes[4 * row + 1], boxes[4 * row + 2], boxes[4 * row + 3]] as const;
      found.push({ class: c, score, objectness: objectness[row], box });
    }
  }
  return found.sort((a, b) => b.score - a.score);
};
