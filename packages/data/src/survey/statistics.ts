/** Figures about a set: how many boxes of which class, of which sizes, on how many pictures. */
import type { SetEntry } from '../sets/darknet.ts';
import type { BoxSize } from './anchors.ts';

export type ClassCount = {
  readonly name: string;
  readonly boxes: number;
  /** Pictures with at least one box of the class. */
  readonly images: number;
};

/** The least, the middle ones and the most. */
export type Spread = {
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
};

export type SetStatistics = {
  readonly images: number;
  readonly boxes: number;
  /** Pictures without a box. */
  readonly empty: number;
  readonly classes: readonly ClassCount[];
  /** Boxes on a picture. */
  readonly boxesPerImage: Spread;
  /** Pixels. */
  readonly imageWidth: Spread;
  readonly imageHeight: Spread;
  /** Square root of a box's share of its picture, 0..1. */
  readonly boxSide: Spread;
  /** Width over height, in pixels of the picture. */
  readonly boxAspect: Spread;
  /** Boxes by area in the picture's pixels, as COCO: below 32 x 32, below 96 x 96, the rest. */
  readonly areas: { readonly small: number; readonly medium: number; readonly large: number };
};

/** NaNs for nothing. */
export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) };
};

const [smallArea, mediumArea] = [32 ** 2, 96 ** 2];

export const statisticsOf = (entries: readonly SetEntry[], names: readonly string[]): SetStatistics => {
  const boxes = names.map(() => 0);
  const images = names.map(() => 0);
  const areas = { small: 0, medium: 0, large: 0 };
  const sides: number[] = [];
  const aspects: number[] = [];
  for (const { labels, width, height } of entries) {
    for (const classId of new Set(labels.map((label) => label.classId))) images[classId]++;
    for (const { classId, w, h } of labels) {
      boxes[classId]++;
      const area = w * width * h * height;
      areas[area < smallArea ? 'small' : area < mediumArea ? 'medium' : 'large']++;
      sides.push(Math.sqrt(w * h));
      aspects.push((w * width) / (h * height));
    }
  }
  return {
    images: entries.length,
    boxes: sides.length,
    empty: entries.filter(({ labels }) => labels.length === 0).length,
    classes: names.map((name, i) => ({ name, boxes: boxes[i], images: images[i] })),
    boxesPerImage: spreadOf(entries.map(({ labels }) => labels.length)),
    imageWidth: spreadOf(entries.map(({ width }) => width)),
    imageHeight: spreadOf(entries.map(({ height }) => height)),
    boxSide: spreadOf(sides),
    boxAspect: spreadOf(aspects),
    areas,
  };
};

/** Box sizes in pixels of a network's input, onto which every picture is stretched. */
export const sizesAt = (entries: readonly SetEntry[], width: number, height: number): readonly BoxSize[] =>
  entries.flatMap(({ labels }) => labels.map(({ w, h }): BoxSize => [w * width, h * height]));
