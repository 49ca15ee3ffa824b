/** The axes of OpenCV's area interpolation (SPEC-AUGMENT 3). */
import { type LinearAxis, weightUnit } from './linear.ts';
import { roundHalfEven } from './raster.ts';

/** Covered lengths below this are dropped. */
const negligible = 1e-3;

/** A source position and the share of the cell that it covers. */
export type Part = readonly [position: number, weight: number];

/** For every target cell the source positions it covers, with the covered share as float32. Shrinking only. */
export const areaAxis = (source: number, target: number): readonly (readonly Part[])[] => {
  const scale = 1 / (target / source);
  return Array.from({ length: target }, (_, i) => {
    const from = i * scale;
    const to = Math.min(from + scale, source);
    const length = Math.min(scale, source - from);
    const start = Math.min(Math.ceil(from), source - 1);
    const end = Math.max(start, Math.min(Math.floor(to), source - 1));
    const parts: Part[] = [];
    const add = (position: number, covered: number): void => {
      parts.push([position, Math.fround(covered / length)]);
    };
    if (start - from > negligible) add(start - 1, start - from);
    for (let position = start; position < end; position++) add(position, 1);
    if (to - end > negligible) add(end, Math.min(to - end, 1, length));
    return parts;
  });
};

/** Where one direction enlarges, area means linear arithmetic with positions of its own. */
export const areaEnlargingAxis = (source: number, target: number, clampWeights: boolean): LinearAxis => {
  const inverse = target / source;
  const scale = 1 / inverse;
  const first = new Int32Array(target);
  const second = new Int32Array(target);
  const weight0 = new Int32Array(target);
  const weight1 = new Int32Array(target);
  const fraction = new Float32Array(target);
  for (let i = 0; i < target; i++) {
    let index = Math.floor(i * scale);
    let f = Math.fround(i + 1 - (index + 1) * inverse);
    f = f <= 0 ? 0 : Math.fround(f - Math.floor(f));
    if (clampWeights && index >= source - 1) {
      index = source - 1;
      f = 0;
    }
    first[i] = Math.min(index, source - 1);
    second[i] = Math.min(index + 1, source - 1);
    fraction[i] = f;
    weight0[i] = roundHalfEven(Math.fround(Math.fround(1 - f) * weightUnit));
    weight1[i] = roundHalfEven(Math.fround(f * weightUnit));
  }
  return { first, second, weight0, weight1, fraction };
};
