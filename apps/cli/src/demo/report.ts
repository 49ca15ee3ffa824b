/** What the demonstration found: one row a loss, scored on both metrics. */
import { join } from 'node:path';
import { apThresholdChart, lineChart } from '@gdarknet/metrics/charts';
import type { Assessment, Metric } from '../detection/assess.ts';
import type { Output } from '../outputs/write-set.ts';

export type LossResult = {
  readonly loss: string;
  readonly assessment: Assessment;
  /** Average loss by batch. */
  readonly curve: readonly (readonly [batch: number, loss: number])[];
  readonly seconds: number;
};

const metrics: readonly Metric[] = ['iou', 'giou'];
const figures = ['AP', 'AP50', 'AP75'] as const;
const titles = { iou: 'IoU metric', giou: 'GIoU metric' } as const;

export type Score = { readonly [F in (typeof figures)[number]]: number };

export const scoresOf = ({ results }: Assessment): { readonly [M in Metric]: Score } => {
  const of = (metric: Metric): Score => {
    const [AP, AP50, AP75] = results[metric].stats;
    return { AP, AP50, AP75 };
  };
  return { iou: of('iou'), giou: of('giou') };
};

const width = 7;

export const resultTable = (rows: readonly LossResult[]): string => {
  const group = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(width)).join('');
  const wide = width * figures.length;
  return [
    `${''.padEnd(6)}${metrics.map((m) => `  ${titles[m].padStart((wide + titles[m].length) >> 1).padEnd(wide)}`).join('')}`,
    `${'loss'.padEnd(6)}${metrics.map(() => `  ${group(figures)}`).join('')}`,
    ...rows.map(({ loss, assessment }) => {
      const scores = scoresOf(assessment);
      const cells = metrics.map((m) => `  ${group(figures.map((f) => scores[m][f].toFixed(3)))}`);
      return `${loss.padEnd(6)}${cells.join('')}`;
    }),
  ].join('\n');
};

/** Losses have scales of their own, so each curve is shown as a share of its start. */
const lossChart = (rows: readonly LossResult[]): string =>
  lineChart(
    rows.map(({ loss, curve }) => ({
      name: loss,
      points: curve.map(([batch, value]) => [batch, value / curve[0][1]] as const),
    })),
    {
      title: 'Average loss, as a share of the first',
      x: { label: 'batch' },
      y: { label: 'share', scale: 'log' },
    },
  );

export const charts = (folder: string, rows: readonly LossResult[]): readonly Output[] => [
  { path: join(folder, 'loss.svg'), content: lossChart(rows) },
  ...metrics.map((metric) => ({
    path: join(folder, `ap-${metric}.svg`),
    content: apThresholdChart(
      rows.map(({ loss, assessment }) => ({ name: loss, values: assessment.results[metric].perThreshold })),
      { title: `AP at each threshold of the ${titles[metric]}` },
    ),
  })),
];
