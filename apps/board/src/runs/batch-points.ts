/** The series A, G, I, C, T, I_R and C_R of one batch (SPEC 10.3): means over its fragments, and shares of the total. */
import type { LayerLog } from '@gdarknet/data/runs';
import { keyOfLetter, type Letter } from './metric-keys.ts';
import type { Point } from './point.ts';

const means = { A: 'iou', G: 'giou', I: 'boxLoss', C: 'classLoss', T: 'cost' } as const;

/** NaN stands for a letter that the fragment does not have, so it counts for nothing unless there is nothing else. */
const meanOf = (layers: readonly LayerLog[], name: keyof LayerLog): number => {
  const values = layers.map((layer) => layer[name]).filter((value) => !Number.isNaN(value));
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
};

/** None for a batch without objects. */
export const layerPoints = (layers: readonly LayerLog[], step: number, time: number): readonly Point[] => {
  if (layers.length === 0) return [];
  const value = Object.fromEntries(
    Object.entries(means).map(([letter, name]) => [letter, meanOf(layers, name)]),
  ) as Record<keyof typeof means, number>;
  const series: Readonly<Record<Letter, number>> = {
    ...value,
    I_R: 1 - value.I / value.T,
    C_R: value.C / value.T,
  };
  return Object.entries(series).map(([letter, y]) => ({ key: keyOfLetter[letter as Letter], step, time, value: y }));
};
