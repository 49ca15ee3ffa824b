/** The general chart: lines over two axes, with marks, grid and legend. Loss over iterations, AP over thresholds, PR curves. */
import type { Scale, ScaleKind } from './axis.ts';
import { scaleOf } from './axis.ts';
import { document, element, group, palette, text } from './svg.ts';

export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name?: string;
  /** Points with a figure that is not finite (or not above 0 on a log axis) break the line. */
  readonly points: readonly Point[];
  readonly color?: string;
  readonly dashed?: boolean;
  /** Steps instead of slopes: y holds until the next x. */
  readonly steps?: boolean;
}

export interface AxisOptions {
  readonly label?: string;
  readonly scale?: ScaleKind;
  /** What the axis spans; what is undefined is taken from the points. */
  readonly min?: number;
  readonly max?: number;
}

export interface LineChartOptions {
  readonly title?: string;
  readonly x?: AxisOptions;
  readonly y?: AxisOptions;
  /** Pixels; 800 by 480 unless told. */
  readonly width?: number;
  readonly height?: number;
  /** Shown when a series has a name, unless told. */
  readonly legend?: boolean;
}

/** More points than this in a line are more than pixels; each column keeps its lowest and highest. */
const mostPoints = 4000;

const drawable = (value: number, scale: ScaleKind): boolean =>
  Number.isFinite(value) && (scale === 'linear' || value > 0);

const rangeOf = (values: Iterable<number>, { scale = 'linear', min, max }: AxisOptions): readonly [number, number] => {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!drawable(value, scale)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = scale === 'log' ? [1, 10] : [0, 1];
  return [min ?? low, max ?? high];
};

const valuesOf = function* (series: readonly Series[], axis: 0 | 1): Generator<number> {
  for (const { points } of series) for (const point of points) yield point[axis];
};

/** The lowest and the highest point of each bin, in their order. */
const thinned = (points: readonly Point[]): readonly Point[] => {
  if (points.length <= mostPoints) return points;
  const size = Math.ceil((2 * points.length) / mostPoints);
  const kept: Point[] = [];
  for (let at = 0; at < points.length; at += size) {
    let low = at;
    let high = at;
    for (let i = at; i < Math.min(at + size, points.length); i++) {
      if (points[i][1] < points[low][1]) low = i;
      if (points[i][1] > points[high][1]) high = i;
    }
    kept.push(points[Math.min(low, high)]);
    if (low !== high) kept.push(points[Math.max(low, high)]);
  }
  return kept;
};

const rounded = (value: number): number => Number(value.toFixed(2));

const pathOf = ({ points, steps }: Series, x: Scale, y: Scale, valid: (point: Point) => boolean): string => {
  let path = '';
  let drawing = false;
  for (const point of thinned(points)) {
    if (!valid(point)) {
      drawing = false;
      continue;
    }
    const [px, py] = [rounded(x.at(point[0])), rounded(y.at(point[1]))];
    if (!drawing) path += `M${px} ${py}`;
    else path += steps ? `H${px}V${py}` : `L${px} ${py}`;
    drawing = true;
  }
  return path;
};

const grid = '#e4e4e4';
const ink = '#333333';

/** Lines over two axes as an SVG document. */
export const lineChart = (series: readonly Series[], options: LineChartOptions = {}): string => {
  const { title = '', x = {}, y = {}, width = 800, height = 480 } = options;
  const named = series.filter((row) => row.name !== undefined);
  const legend = (options.legend ?? true) && named.length > 0;
  const box = { left: 68, right: width - 20 - (legend ? 150 : 0), top: title === '' ? 20 : 44, bottom: height - 52 };
  const across = scaleOf(x.scale ?? 'linear', rangeOf(valuesOf(series, 0), x), box.left, box.right);
  const up = scaleOf(y.scale ?? 'linear', rangeOf(valuesOf(series, 1), y), box.bottom, box.top, 42);
  const valid = (point: Point): boolean =>
    drawable(point[0], x.scale ?? 'linear') && drawable(point[1], y.scale ?? 'linear');
  const colorOf = (row: Series): string => row.color ?? palette[series.indexOf(row) % palette.length];

  const marks = [
    ...across.ticks.map((tick) => {
      const at = across.at(tick);
      return (
        element('path', { d: `M${rounded(at)} ${box.top}V${box.bottom}`, stroke: grid }) +
        text(across.label(tick), { x: at, y: box.bottom + 18, 'text-anchor': 'middle', fill: ink })
      );
    }),
    ...up.ticks.map((tick) => {
      const at = up.at(tick);
      return (
        element('path', { d: `M${box.left} ${rounded(at)}H${box.right}`, stroke: grid }) +
        text(up.label(tick), { x: box.left - 8, y: at + 4, 'text-anchor': 'end', fill: ink })
      );
    }),
  ];
  const middle = (box.left + box.right) / 2;
  const labels = [
    title === '' ? '' : text(title, { x: middle, y: 26, 'text-anchor': 'middle', 'font-size': 16, fill: '#000000' }),
    x.label ? text(x.label, { x: middle, y: height - 12, 'text-anchor': 'middle', fill: ink }) : '',
    y.label
      ? text(y.label, {
          'text-anchor': 'middle',
          fill: ink,
          transform: `translate(16 ${(box.top + box.bottom) / 2}) rotate(-90)`,
        })
      : '',
  ].filter((label) => label !== '');
  const lines = series.map((row) =>
    element('path', {
      d: pathOf(row, across, up, valid),
      fill: 'none',
      stroke: colorOf(row),
      'stroke-width': 1.6,
      'stroke-linejoin': 'round',
      'stroke-dasharray': row.dashed ? '6 4' : undefined,
    }),
  );
  const dots = series
    .filter((row) => row.points.filter(valid).length === 1)
    .map((row) => {
      const [px, py] = row.points.find(valid)!;
      return element('circle', { cx: across.at(px), cy: up.at(py), r: 3, fill: colorOf(row) });
    });
  // A nested svg cuts off what lies outside; a clipPath would need an id of its own in every page that holds charts.
  const frame = { x: box.left, y: box.top - 2, width: box.right - box.left, height: box.bottom - box.top + 4 };
  const viewBox = `${frame.x} ${frame.y} ${frame.width} ${frame.height}`;
  const key = named.map((row, i) => {
    const at = box.top + 8 + 18 * i;
    return (
      element('path', {
        d: `M${box.right + 14} ${at}h20`,
        stroke: colorOf(row),
        'stroke-width': 2.5,
        'stroke-dasharray': row.dashed ? '6 4' : undefined,
      }) + text(row.name ?? '', { x: box.right + 40, y: at + 4, fill: ink })
    );
  });
  return document(width, height, title || 'Chart', [
    group({}, marks),
    element('path', { d: `M${box.left} ${box.top}V${box.bottom}H${box.right}`, fill: 'none', stroke: ink }),
    element('svg', { ...frame, viewBox }, '\n', ...[...lines, ...dots].map((line) => `${line}\n`)),
    ...labels,
    ...(legend ? [group({}, key)] : []),
  ]);
};
