/** From a layer's raw output to boxes (SPEC 5.1, 5.2). Works on rows `[..., 5 + classes]`, all of them or some. */
import {
  add,
  div,
  exp,
  greater,
  iota,
  less,
  log,
  minimum,
  mul,
  select,
  sigmoid,
  sub,
  type Tensor,
  tensor,
} from '@gdarknet/tensor';
import { type Box, column } from './box.ts';
import { type Compatibility, entriesOf, type HeadConfig } from './head.ts';

/** D-5: a size that is not above 0 stands for its exponential. (The minimum keeps the branch not taken finite.) */
const positive = (size: Tensor): Tensor => select(greater(size, 0), size, exp(minimum(size, 0)));

type SizeRule = {
  /** What the layer's output buffer holds for a raw width or height. */
  readonly stored: (raw: Tensor) => Tensor;
  /** The same after a second decoding. */
  readonly again: (stored: Tensor) => Tensor;
  /** Multiple of the anchor for a stored value, and its inverse. */
  readonly scale: (stored: Tensor) => Tensor;
  readonly inverse: (scale: Tensor) => Tensor;
  /** d scale / d stored, as far as the original takes it into account. */
  readonly slope: (scale: Tensor) => Tensor | 1;
};

const same = (x: Tensor): Tensor => x;

export const sizeRules: { readonly [K in HeadConfig['representation']]: SizeRule } = {
  exp: { stored: same, again: same, scale: exp, inverse: log, slope: same },
  lin: { stored: positive, again: positive, scale: same, inverse: same, slope: () => 1 },
};

/** What to subtract a mse prediction of width or height from, for the wanted multiple of the anchor. */
export const sizeTarget = (head: HeadConfig, { linLogTarget = false }: Compatibility, scale: Tensor): Tensor =>
  linLogTarget ? log(scale) : sizeRules[head.representation].inverse(scale);

export type Prediction = {
  /** Values as the output buffer holds them: place in the cell (0 to 1), width and height by representation. */
  readonly stored: Box;
  /** Width and height in anchors. */
  readonly scale: { readonly width: Tensor; readonly height: Tensor };
  /** Relative to the image. */
  readonly box: Box;
};

const makeGrid = ({ width, height, mask, anchors }: HeadConfig): Tensor => {
  const values = new Float32Array(height * width * mask.length * 4);
  let at = 0;
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      for (const m of mask) {
        values.set([col, row, ...anchors[m]], at);
        at += 4;
      }
    }
  }
  return tensor(values, [at / 4, 4]);
};

/** One constant for a head, so that equal expressions of it are seen to be equal. */
const grids = new WeakMap<HeadConfig, Tensor>();

/** For each box of a head: column and row of its cell, width and height of its anchor in pixels. `[boxes, 4]`. */
export const gridOf = (head: HeadConfig): Tensor => {
  const grid = grids.get(head) ?? makeGrid(head);
  grids.set(head, grid);
  return grid;
};

/** Place in the cell of a logit. */
const place = ({ scaleXY = 1 }: HeadConfig, logit: Tensor): Tensor =>
  scaleXY === 1 ? sigmoid(logit) : sub(mul(sigmoid(logit), scaleXY), (scaleXY - 1) / 2);

/** Rows `[..., 5 + classes]` and their cells and anchors `[..., 4]` (of `gridOf`) to boxes of `[..., 1]`. */
export const predict = (head: HeadConfig, rows: Tensor, grid: Tensor, decodings: 1 | 2 = 1): Prediction => {
  const { stored, again, scale } = sizeRules[head.representation];
  const cell = { column: column(0)(grid), row: column(1)(grid) };
  const anchor = { width: column(2)(grid), height: column(3)(grid) };
  const size = (k: number): Tensor => (decodings === 2 ? again(stored(column(k)(rows))) : stored(column(k)(rows)));
  const held: Box = {
    x: place(head, column(0)(rows)),
    y: place(head, column(1)(rows)),
    width: size(2),
    height: size(3),
  };
  const scales = { width: scale(held.width), height: scale(held.height) };
  return {
    stored: held,
    scale: scales,
    box: {
      x: div(add(cell.column, held.x), head.width),
      y: div(add(cell.row, held.y), head.height),
      width: div(mul(scales.width, anchor.width), head.netWidth),
      height: div(mul(scales.height, anchor.height), head.netHeight),
    },
  };
};

/** 0, 1, 2, ...: x, y, w, h, objectness, classes. `[5 + classes]`. */
export const entryIndex = (head: HeadConfig): Tensor => iota([entriesOf(head)], 0);
const isSize = (head: HeadConfig): Tensor => mul(less(1, entryIndex(head)), less(entryIndex(head), 4));

/** Rows as the output buffer holds them at inference: place, objectness and classes by the logistic; sizes raw. */
export const activate = (head: HeadConfig, rows: Tensor): Tensor => {
  const others = sigmoid(rows);
  const stretched = head.scaleXY === undefined ? others : select(less(entryIndex(head), 2), place(head, rows), others);
  return select(isSize(head), rows, stretched);
};

/** The same during training, when boxes have been decoded: lin has rewritten sizes (D-5). */
export const storedRows = (head: HeadConfig, rows: Tensor, decodings: 1 | 2 = 1): Tensor => {
  const { stored, again } = sizeRules[head.representation];
  return select(isSize(head), decodings === 2 ? again(stored(rows)) : stored(rows), activate(head, rows));
};
