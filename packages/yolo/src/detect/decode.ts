/**
 * Outputs of `[yolo]` layers to candidate boxes, in the original's order of emission: layer by layer, then by row, column
 * and anchor (SPEC 5.2, 6.1). Its roundings to float32 are kept.
 */
import { allocateCandidates, type Candidates } from './candidates.ts';

/** What decoding needs of a `[yolo]` section; a `LayerConfig<'yolo'>` is one. */
export interface YoloHead {
  readonly classes: number;
  readonly mask: readonly number[];
  /** Pairs (width, height) in pixels of the network's input. */
  readonly anchors: readonly number[];
  readonly representation: 'exp' | 'lin';
  readonly scale_x_y: number;
}

export interface YoloOutput {
  readonly head: YoloHead;
  /** Rows and columns of cells. */
  readonly h: number;
  readonly w: number;
  /** One image, `[h, w, anchors x (5 + classes)]`; for each anchor x, y, w, h, objectness, classes. */
  readonly values: Float32Array;
  /** Whether the logistic function was applied to all but w and h. */
  readonly activated: boolean;
}

export interface DecodeOptions {
  /** Width and height of the network's input, pixels. */
  readonly netWidth: number;
  readonly netHeight: number;
  /** Boxes of an objectness, and classes of a score, not above it are dropped. */
  readonly threshold: number;
  /** Leaves `scale_x_y` out, as the original does. */
  readonly ignoreScale?: boolean;
}

const { fround } = Math;
const logistic = (x: number): number => fround(1 / (1 + Math.exp(-x)));
const identity = (x: number): number => x;

/** Boxes come back relative to the network's input. All heads must have the same number of classes. */
export const decodeYolo = (outputs: readonly YoloOutput[], options: DecodeOptions): Candidates => {
  const threshold = fround(options.threshold);
  const classes = outputs[0]?.head.classes ?? 0;
  const found = outputs.map((output) => {
    if (output.head.classes !== classes)
      throw new RangeError('decodeYolo: the heads differ in their number of classes');
    if (output.values.length !== output.h * output.w * output.head.mask.length * (5 + classes)) {
      throw new RangeError(`decodeYolo: ${output.values.length} values for ${output.h} x ${output.w} cells`);
    }
    return objectsOf(output, threshold);
  });
  const candidates = allocateCandidates(
    found.reduce((sum, { length }) => sum + length, 0),
    classes,
  );
  let row = 0;
  outputs.forEach((output, i) => {
    const decodeBox = boxDecoder(output, options);
    for (const slot of found[i]) {
      decodeBox(slot, candidates.boxes, 4 * row);
      decodeScores(output, slot, threshold, candidates, row);
      row++;
    }
  });
  return candidates;
};

/** Slots (cell x anchors + anchor) whose objectness is above the threshold. */
const objectsOf = ({ head, values, activated }: YoloOutput, threshold: number): readonly number[] => {
  const width = 5 + head.classes;
  const activate = activated ? identity : logistic;
  const slots: number[] = [];
  for (let slot = 0, at = 4; at < values.length; slot++, at += width) {
    if (activate(values[at]) > threshold) slots.push(slot);
  }
  return slots;
};

const boxDecoder = ({ head, h, w, values, activated }: YoloOutput, options: DecodeOptions) => {
  const { netWidth, netHeight } = options;
  const scale = options.ignoreScale ? 1 : head.scale_x_y;
  const activate = activated ? identity : logistic;
  const centre = (x: number): number => (scale === 1 ? activate(x) : fround(activate(x) * scale - (scale - 1) / 2));
  const side = sides[head.representation];
  const perCell = head.mask.length;
  const width = 5 + head.classes;
  return (slot: number, boxes: Float32Array, to: number): void => {
    const cell = Math.floor(slot / perCell);
    const anchor = 2 * head.mask[slot % perCell];
    const from = slot * width;
    boxes[to] = fround((cell % w) + centre(values[from])) / w;
    boxes[to + 1] = fround(Math.floor(cell / w) + centre(values[from + 1])) / h;
    boxes[to + 2] = side(values[from + 2], head.anchors[anchor], netWidth);
    boxes[to + 3] = side(values[from + 3], head.anchors[anchor + 1], netHeight);
  };
};

/** `lin` takes what is not above 0 for an exponent, as the original does, but leaves the output alone (SPEC D-5). */
const sides: Readonly<Record<YoloHead['representation'], (value: number, anchor: number, net: number) => number>> = {
  exp: (value, anchor, net) => (Math.exp(value) * anchor) / net,
  lin: (value, anchor, net) => fround((value > 0 ? value : fround(Math.exp(value))) * anchor) / net,
};

const decodeScores = (
  { head, values, activated }: YoloOutput,
  slot: number,
  threshold: number,
  { objectness, probabilities }: Candidates,
  row: number,
): void => {
  const { classes } = head;
  const activate = activated ? identity : logistic;
  const from = slot * (5 + classes) + 4;
  const object = activate(values[from]);
  objectness[row] = object;
  for (let c = 0; c < classes; c++) {
    const score = fround(object * activate(values[from + 1 + c]));
    if (score > threshold) probabilities[row * classes + c] = score;
  }
};
