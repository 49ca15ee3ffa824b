/** The charts of a detector: precision over recall, AP over the threshold, and which class is taken for which. */
import type { ConfusionMatrix } from '../analysis/confusion.ts';
import type { Curve } from '../core/curve.ts';
import type { LineChartOptions, Series } from './line-chart.ts';
import { lineChart } from './line-chart.ts';
import { document, element, group, text } from './svg.ts';

export interface NamedCurve {
  readonly name: string;
  readonly curve: Pick<Curve, 'recall' | 'precision'>;
}

/** Precision over recall, one line a curve (`curveOf`). */
export const prChart = (curves: readonly NamedCurve[], options: LineChartOptions = {}): string => {
  const series: readonly Series[] = curves.map(({ name, curve }) => ({
    name,
    points: Array.from(curve.recall, (recall, i) => [recall, curve.precision[i]] as const),
  }));
  return lineChart(series, {
    title: 'Precision and recall',
    ...options,
    x: { label: 'recall', min: 0, max: 1, ...options.x },
    y: { label: 'precision', min: 0, max: 1, ...options.y },
  });
};

export interface ThresholdRun {
  readonly name: string;
  readonly values: readonly { readonly threshold: number; readonly AP: number }[];
}

/** AP over the overlap threshold, one line a run: how fast a detector falls when boxes must fit tighter. */
export const apThresholdChart = (runs: readonly ThresholdRun[], options: LineChartOptions = {}): string => {
  const series = runs.map(({ name, values }) => ({
    name,
    points: values.map(({ threshold, AP }) => [threshold, AP] as const),
  }));
  return lineChart(series, {
    title: 'AP at each threshold',
    ...options,
    x: { label: 'threshold', ...options.x },
    y: { label: 'AP', min: 0, max: 1, ...options.y },
  });
};

/** Rows are what there is, columns what was detected; a cell is shaded by its part of the row and shows the count. */
export const confusionChart = (
  { labels, counts }: Pick<ConfusionMatrix, 'labels' | 'counts'>,
  { title = 'Confusion matrix' }: Pick<LineChartOptions, 'title'> = {},
): string => {
  const n = labels.length;
  const cell = n > 40 ? 12 : n > 20 ? 20 : 36;
  const margin = 20 + 7 * Math.max(...labels.map((label) => label.length));
  const top = 40 + margin;
  const left = 30 + margin;
  const cells = labels.flatMap((_, row) => {
    const total = counts.slice(row * n, (row + 1) * n).reduce((sum, count) => sum + count, 0);
    return labels.map((_, column) => {
      const count = counts[row * n + column];
      const share = total === 0 ? 0 : count / total;
      const hue = row === column ? '0, 114, 178' : '213, 94, 0';
      const at = { x: left + column * cell, y: top + row * cell };
      const square = element('rect', {
        ...at,
        width: cell,
        height: cell,
        fill: `rgba(${hue}, ${Number(share.toFixed(3))})`,
        stroke: '#e4e4e4',
      });
      if (count === 0 || cell < 20) return square;
      const figure = text(String(count), {
        x: at.x + cell / 2,
        y: at.y + cell / 2 + 4,
        'text-anchor': 'middle',
        'font-size': 10,
        fill: share > 0.6 ? '#ffffff' : '#333333',
      });
      return square + figure;
    });
  });
  const names = labels.flatMap((label, i) => {
    const middle = i * cell + cell / 2;
    const size = Math.min(12, cell);
    return [
      text(label, { x: left - 6, y: top + middle + 4, 'text-anchor': 'end', 'font-size': size }),
      text(label, { transform: `translate(${left + middle + 4} ${top - 6}) rotate(-90)`, 'font-size': size }),
    ];
  });
  return document(left + n * cell + 20, top + n * cell + 20, title, [
    text(title, { x: 20, y: 24, 'font-size': 16 }),
    text('detected', { x: left, y: top - margin + 10, fill: '#333333' }),
    text('there is', { transform: `translate(16 ${top + 60}) rotate(-90)`, fill: '#333333' }),
    group({}, cells),
    group({ fill: '#333333' }, names),
  ]);
};
