/** Runs side by side: a table, and charts of AP over thresholds and batches. */
import type { MapRow } from '@gdarknet/data/runs';
import { apThresholdChart, lineChart } from '@gdarknet/metrics/charts';
import type { Output } from '../outputs/write-set.ts';
import { rankOf } from '../watch/checkpoints.ts';
import { type ByMetric, byMetric, type Metric, metrics } from '../watch/scores.ts';
import { type GroupInterval, groupIntervals, type IntervalOptions, type Range } from './intervals.ts';
import type { RunScores } from './run-scores.ts';

export type RunGroup = { readonly name: string; readonly runs: readonly RunScores[] };

export type ComparedGroup = {
  readonly name: string;
  readonly runs: readonly string[];
  /** Means over the runs: over the thresholds, and at each of them. */
  readonly mean: ByMetric<number>;
  readonly perThreshold: ByMetric<readonly number[]>;
  /** Standard deviation of `mean` over the runs; undefined for a single run. */
  readonly spread: ByMetric<number> | undefined;
  /** Undefined where a run was evaluated without keeping its part. */
  readonly interval: ByMetric<GroupInterval> | undefined;
};

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const deviation = (values: readonly number[]): number => {
  const mean = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
};

/** `giou-n0.5-s2` is a run of the group `giou-n0.5`. */
export const withoutSeed = (name: string): string => name.replace(/-s\d+$/, '') || name;

/** In the order of the runs. */
export const grouped = (runs: readonly RunScores[], nameOf: (name: string) => string): readonly RunGroup[] => {
  const groups = new Map<string, RunScores[]>();
  for (const run of runs) {
    const name = nameOf(run.name);
    const group = groups.get(name);
    if (group) group.push(run);
    else groups.set(name, [run]);
  }
  return [...groups].map(([name, members]) => ({ name, runs: members }));
};

const intervalsOf = (
  groups: readonly RunGroup[],
  metric: Metric,
  options: IntervalOptions,
): readonly GroupInterval[] | undefined => {
  const scored = groups.map(({ name, runs }) => ({
    name,
    results: runs.flatMap(({ results }) => (results ? [results[metric]] : [])),
  }));
  const complete = scored.every(({ results }, i) => results.length === groups[i].runs.length);
  return complete ? groupIntervals(scored, groups[0].runs[0].results?.images ?? 0, options) : undefined;
};

/** Throws UnpairedRunsError when runs with parts were not scored on the same images. */
export const compareGroups = (groups: readonly RunGroup[], options: IntervalOptions): readonly ComparedGroup[] => {
  const intervals = byMetric((metric) => intervalsOf(groups, metric, options));
  return groups.map(({ name, runs }, g) => {
    const { iou, giou } = intervals;
    return {
      name,
      runs: runs.map(({ run }) => run),
      mean: byMetric((m) => average(runs.map(({ rows }) => rows[m].mean))),
      perThreshold: byMetric((m) =>
        runs[0].rows[m].perThreshold.map((_, t) => average(runs.map(({ rows }) => rows[m].perThreshold[t]))),
      ),
      spread: runs.length > 1 ? byMetric((m) => deviation(runs.map(({ rows }) => rows[m].mean))) : undefined,
      interval: iou && giou && { iou: iou[g], giou: giou[g] },
    };
  });
};

const percent = (value: number): string => (100 * value).toFixed(2);
const shownRange = ({ value, low, high }: Range): string => `${percent(value)} [${percent(low)}, ${percent(high)}]`;

const cells = (group: ComparedGroup, metric: Metric): readonly string[] => {
  const { mean, perThreshold, spread, interval } = group;
  const at = perThreshold[metric];
  const { AP, difference } = interval?.[metric] ?? {};
  return [
    `${percent(mean[metric])}${spread ? ` ± ${percent(spread[metric])}` : ''}`,
    percent(at[0]),
    percent(at[5]),
    AP ? shownRange(AP) : '',
    difference ? `${shownRange(difference)}, ahead ${percent(difference.ahead)} %` : '',
  ];
};

const row = (fields: readonly string[]): string => `| ${fields.join(' | ')} |`;

/** Markdown, figures in per cent. */
export const comparisonTable = (groups: readonly ComparedGroup[]): string =>
  metrics
    .map((metric) => {
      const title = ['run', 'runs', `${metric} mean`, '.50', '.75', 'AP [95 %]', `AP − ${groups[0].name} [95 %]`];
      const rows = groups.map((group) => row([group.name, String(group.runs.length), ...cells(group, metric)]));
      return [row(title), row(title.map(() => '---')), ...rows].join('\n');
    })
    .join('\n\n');

const thresholds = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100);

const overBatches = (groups: readonly RunGroup[], metric: string): string => {
  const runs = groups.flatMap((group) => group.runs);
  const rows = runs.flatMap(({ all }) => all);
  const last = rows.reduce((most, { id }) => (id === 'final' ? most : Math.max(most, id)), 1);
  const place = ({ id }: MapRow): number => (id === 'final' ? last : id);
  const series = runs.map(({ name, all }) => ({
    name,
    points: all
      .filter((one) => one.metric === metric)
      .sort((a, b) => rankOf(a.id) - rankOf(b.id))
      .map((one) => [place(one), one.mean] as const),
  }));
  return lineChart(series, { title: `Mean ${metric} AP`, x: { label: 'batch' }, y: { label: 'AP', min: 0 } });
};

/** `ap-<metric>.svg` over the thresholds, `batches-<metric>.svg` over the batches, the table and the figures. */
export const comparisonFiles = (
  groups: readonly RunGroup[],
  compared: readonly ComparedGroup[],
  prefix: string,
  at: (name: string) => string,
): readonly Output[] => [
  { path: at('compare.md'), content: `${comparisonTable(compared)}\n` },
  { path: at('compare.json'), content: `${JSON.stringify(compared, null, 2)}\n` },
  ...metrics.flatMap((metric) => {
    const curves = compared.map(({ name, perThreshold }) => ({
      name,
      values: perThreshold[metric].map((AP, t) => ({ threshold: thresholds[t], AP })),
    }));
    return [
      { path: at(`ap-${metric}.svg`), content: apThresholdChart(curves, { title: `${metric} AP at each threshold` }) },
      { path: at(`batches-${metric}.svg`), content: overBatches(groups, `${prefix}${metric}`) },
    ];
  }),
];
