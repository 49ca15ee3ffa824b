/** Inputs of torchmetrics' published tests, as figures, and what several tests hold to. */
import { expect } from 'vitest';
import type { Prediction, Target } from '../../index.ts';
import { DetectionMetric } from '../../index.ts';

export const examplePair: readonly [readonly Prediction[], readonly Target[]] = [
  [{ boxes: [[258, 41, 606, 285]], scores: [0.536], labels: [0] }],
  [{ boxes: [[214, 41, 562, 285]], labels: [0] }],
];

/** Images 42, 73, 74 and 987 of COCO. */
export const fourImages: readonly [readonly Prediction[], readonly Target[]] = [
  [
    { boxes: [[258.15, 41.29, 606.41, 285.07]], scores: [0.236], labels: [4] },
    {
      boxes: [
        [61, 22.75, 565, 632.42],
        [12.66, 3.32, 281.26, 275.23],
      ],
      scores: [0.318, 0.726],
      labels: [3, 2],
    },
    {
      boxes: [
        [87.87, 276.25, 384.29, 379.43],
        [0, 3.66, 142.15, 316.06],
        [296.55, 93.96, 314.97, 152.79],
        [328.94, 97.05, 342.49, 122.98],
        [356.62, 95.47, 372.33, 147.55],
        [464.08, 105.09, 495.74, 146.99],
        [276.11, 103.84, 291.44, 150.72],
      ],
      scores: [0.546, 0.3, 0.407, 0.611, 0.335, 0.805, 0.953],
      labels: [4, 1, 0, 0, 0, 0, 0],
    },
    {
      boxes: [
        [72.92, 45.96, 91.23, 80.57],
        [45.17, 45.34, 66.28, 79.83],
        [82.28, 47.04, 99.66, 78.5],
        [59.96, 46.17, 80.35, 80.48],
        [75.29, 23.01, 91.85, 50.85],
        [71.14, 1.1, 96.96, 28.33],
        [61.34, 55.23, 77.14, 79.57],
        [41.17, 45.78, 60.99, 78.48],
        [56.18, 44.8, 64.42, 56.25],
      ],
      scores: [0.532, 0.204, 0.782, 0.202, 0.883, 0.271, 0.561, 0.204, 0.349],
      labels: [49, 49, 49, 49, 49, 49, 49, 49, 49],
    },
  ],
  [
    { boxes: [[214.15, 41.29, 562.41, 285.07]], labels: [4] },
    {
      boxes: [
        [13, 22.75, 548.98, 632.42],
        [1.66, 3.32, 270.26, 275.23],
      ],
      labels: [2, 2],
    },
    {
      boxes: [
        [61.87, 276.25, 358.29, 379.43],
        [2.75, 3.66, 162.15, 316.06],
        [295.55, 93.96, 313.97, 152.79],
        [326.94, 97.05, 340.49, 122.98],
        [356.62, 95.47, 372.33, 147.55],
        [462.08, 105.09, 493.74, 146.99],
        [277.11, 103.84, 292.44, 150.72],
      ],
      labels: [4, 1, 0, 0, 0, 0, 0],
    },
    {
      boxes: [
        [72.92, 45.96, 91.23, 80.57],
        [50.17, 45.34, 71.28, 79.83],
        [81.28, 47.04, 98.66, 78.5],
        [63.96, 46.17, 84.35, 80.48],
        [75.29, 23.01, 91.85, 50.85],
        [56.39, 21.65, 75.66, 45.54],
        [73.14, 1.1, 98.96, 28.33],
        [62.34, 55.23, 78.14, 79.57],
        [44.17, 45.78, 63.99, 78.48],
        [58.18, 44.8, 66.42, 56.25],
      ],
      labels: [49, 49, 49, 49, 49, 49, 49, 49, 49, 49],
    },
  ],
];

const [predictions, targets] = fourImages;
const relabelled = (of: (label: number) => number) =>
  [
    predictions.map((row) => ({ ...row, labels: Array.from(row.labels, of) })),
    targets.map((row) => ({ ...row, labels: Array.from(row.labels, of) })),
  ] as const;

/** Micro is macro where there is one class; the classes are the same whatever the average and the labels. */
export const averages = {
  alike: (): void => {
    const micro = new DetectionMetric({ useCats: false }).update(...fourImages).compute();
    const macro = new DetectionMetric().update(...relabelled(() => 1)).compute();
    micro.stats.forEach((value, i) => {
      expect(value).toBeCloseTo(macro.stats[i], 9);
    });
  },
  byClass: (): void => {
    const plain = new DetectionMetric().update(...fourImages).compute().perCategory;
    const moved = new DetectionMetric().update(...relabelled((label) => label + 2)).compute().perCategory;
    expect(moved.map(({ AP, AR100 }) => [AP, AR100])).toEqual(plain.map(({ AP, AR100 }) => [AP, AR100]));
  },
} as const;
