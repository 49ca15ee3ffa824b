/**
 * Labels to the network's truth rows: shuffled, moved with the pixels, cut at the edges (SPEC 7.3, SPEC-AUGMENT 2).
 * Rows are counted explicitly, so a centre at 0 ends nothing (D-4); slivers are dropped before the list is cut to its
 * capacity (D-28). `compat` does both the original's way.
 */
import type { Label } from '../labels/label.ts';
import { below, type Random } from '../random/random.ts';
import type { BoxTransform } from './parameters.ts';

/** Floats in a truth row: centre x, centre y, width, height relative to the network's input, and the class. */
export const truthFields = 5;

export type TruthOptions = {
  /** Marks boxes at (0, 0) with 999999 and cuts the list before dropping slivers, as the original. */
  readonly compat?: boolean;
};

/** Narrower or lower boxes are dropped. */
const sliver = 0.001;
const originMark = 999999;

const f32 = Math.fround;
const clampUnit = (v: number): number => Math.max(0, Math.min(1, v));

/** The original's shuffle (each entry swapped with a random one, slightly unfair); one draw a label. */
export const shuffleLabels = (random: Random, labels: readonly Label[]): readonly Label[] => {
  const shuffled = [...labels];
  for (let i = 0; i < shuffled.length; i++) {
    const j = below(random, shuffled.length);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled;
};

type Row = readonly [x: number, y: number, w: number, h: number, classId: number];

const moveBox = (label: Label, t: BoxTransform): Row => {
  const [x, y, w, h] = [f32(label.x), f32(label.y), f32(label.w), f32(label.h)];
  const [halfWidth, halfHeight] = [f32(w / 2), f32(h / 2)];
  const moved = (edge: number, scale: number, offset: number): number => f32(f32(f32(edge) * scale) - offset);
  const near = moved(x - halfWidth, t.scaleX, t.offsetX);
  const far = moved(x + halfWidth, t.scaleX, t.offsetX);
  const left = clampUnit(t.flip ? f32(1 - far) : near);
  const right = clampUnit(t.flip ? f32(1 - near) : far);
  const top = clampUnit(moved(y - halfHeight, t.scaleY, t.offsetY));
  const bottom = clampUnit(moved(y + halfHeight, t.scaleY, t.offsetY));
  return [
    f32(f32(left + right) / 2),
    f32(f32(top + bottom) / 2),
    clampUnit(f32(right - left)),
    clampUnit(f32(bottom - top)),
    label.classId,
  ];
};

/** The same boxes, cut at the edges, as labels; what is left of a sliver is no box. */
export const moveLabels = (labels: readonly Label[], transform: BoxTransform): readonly Label[] =>
  labels
    .map((label) => moveBox(label, transform))
    .filter(([, , w, h]) => !(w < sliver || h < sliver))
    .map(([x, y, w, h, classId]) => ({ classId, x, y, w, h }));

/** Boxes stay where they are. */
export const noTransform: BoxTransform = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, flip: false };

/**
 * Writes up to `capacity` rows of five into `out` from `offset` and zeros behind them; returns how many rows there
 * are. `labels` are taken in their order: shuffle first.
 */
export const writeTruths = (
  labels: readonly Label[],
  transform: BoxTransform,
  out: Float32Array,
  offset: number,
  capacity: number,
  { compat = false }: TruthOptions = {},
): number => {
  const mark = (label: Label): Row =>
    compat && label.x === 0 && label.y === 0
      ? [originMark, originMark, originMark, originMark, label.classId]
      : moveBox(label, transform);
  const considered = compat ? labels.slice(0, capacity) : labels;
  const rows = considered
    .map(mark)
    .filter(([, , w, h]) => !(w < sliver || h < sliver))
    .slice(0, capacity);
  out.fill(0, offset, offset + capacity * truthFields);
  rows.forEach((row, i) => {
    out.set(row, offset + i * truthFields);
  });
  return rows.length;
};
