export type { ScaleKind } from './axis.ts';
export type { NamedCurve, ThresholdRun } from './detection-charts.ts';
export { apThresholdChart, confusionChart, prChart } from './detection-charts.ts';
export type { AxisOptions, LineChartOptions, Point, Series } from './line-chart.ts';
export { lineChart } from './line-chart.ts';
