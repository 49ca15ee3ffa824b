/**
 * OpenCV's bilinear interpolation of bytes: positions at half pixels, weights of 11 bits, exact integer sums
 * (SPEC-AUGMENT 3).
 */
import { roundHalfEven } from './raster.ts';

/** Fixed-point weights add up to this. */
export const weightUnit = 2048;

export type LinearAxis = {
  /** The two source positions of every target position, inside the source. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** Their weights out of 2048, and the second's as a float32 fraction. */
  readonly weight0: Int32Array;
  readonly weight1: Int32Array;
  readonly fraction: Float32Array;
};

/** `clampWeights`: at the ends the outer source position takes all the weight (OpenCV does so horizontally only). */
export const linearAxis = (source: number, target: number, clampWeights: boolean): LinearAxis => {
  const scale = 1 / (target / source);
  const first = new Int32Array(target);
  const second = new Int32Array(target);
  const weight0 = new Int32Array(target);
  const weight1 = new Int32Array(target);
  const fraction = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    const at = Math.fround((i + 0.5) * scale - 0.5);
    let index = Math.floor(at);
    let f = Math.fround(at - index);
    if (clampWeights && (index < 0 || index >= source - 1)) {
      index = index < 0 ? 0 : source - 1;
      f = 0;
    }
    first[i] = Math.min(Math.max(index, 0), source - 1);
    second[i] = Math.min(Math.max(index + 1, 0), source - 1);
    fraction[i] = f;
    weight0[i] = roundHalfEven(Math.fround(Math.fround(1 - f) * weightUnit));
    weight1[i] = roundHalfEven(Math.fround(f * weightUnit));
  }
  return { first, second, weight0, weight1, fraction };
};

/** Two horizontal sums (each a byte times 2048) and their vertical weights to one byte. */
export const blendRows = (upper: number, lower: number, weight0: number, weight1: number): number =>
  ((((upper >> 4) * weight0) >> 16) + (((lower >> 4) * weight1) >> 16) + 2) >> 2;

/**
 * Goes down the target's rows: stretches each source row that one needs into one of the two buffers, unless it is there
 * already, and hands both over. The lower row is often the next one's upper, so most are stretched once.
 */
export const eachRowPair = <B>(
  rows: LinearAxis,
  buffers: readonly [B, B],
  stretch: (source: number, to: B) => void,
  blend: (target: number, upper: B, lower: B) => void,
): void => {
  let [upper, lower] = buffers;
  let [upperIs, lowerIs] = [-1, -1];
  for (let y = 0; y < rows.first.length; y++) {
    const [first, second] = [rows.first[y], rows.second[y]];
    if (first === lowerIs) {
      [upper, lower] = [lower, upper];
      [upperIs, lowerIs] = [lowerIs, upperIs];
    }
    if (first !== upperIs) stretch(first, upper);
    if (second !== lowerIs) stretch(second, lower);
    [upperIs, lowerIs] = [first, second];
    blend(y, upper, lower);
  }
};
