/** A chart as PNG, SVG or CSV: what is drawn now, with its title and legend. */
import { lineChart } from '@gdarknet/metrics/charts';
import type uPlot from 'uplot';
import type { App } from './app.ts';
import type { Chart } from './chart-list.ts';
import { button, h, save } from './dom.ts';
import type { Curve } from './plot-data.ts';
import { settingsOf } from './plot-data.ts';

type Drawn = { readonly curves: readonly Curve[]; readonly plot: uPlot | undefined };

const fileName = (chart: Chart, ending: string): string =>
  `${chart.title
    .replace(/[^\w]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()}.${ending}`;

const png = (chart: Chart, { curves, plot }: Drawn): void => {
  if (!plot) return;
  const from = plot.ctx.canvas;
  const scale = from.width / Math.max(1, plot.width);
  const front = curves.filter(({ behind }) => !behind);
  const [head, line] = [34 * scale, 18 * scale];
  const canvas = h('canvas');
  canvas.width = from.width;
  canvas.height = from.height + head + line * front.length + 8 * scale;
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  context.fillStyle = style.getPropertyValue('--sheet').trim();
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.getPropertyValue('--ink').trim();
  context.font = `${16 * scale}px system-ui, sans-serif`;
  context.fillText(chart.title, 12 * scale, 22 * scale);
  context.drawImage(from, 0, head);
  context.font = `${12 * scale}px system-ui, sans-serif`;
  for (const [i, { color, label }] of front.entries()) {
    const y = from.height + head + line * (i + 0.7);
    context.fillStyle = color;
    context.fillRect(12 * scale, y - 5 * scale, 16 * scale, 3 * scale);
    context.fillStyle = style.getPropertyValue('--ink').trim();
    context.fillText(label, 34 * scale, y);
  }
  canvas.toBlob((blob) => {
    if (blob) save(fileName(chart, 'png'), blob);
  });
};

const svg = (app: App, chart: Chart, { curves }: Drawn): void => {
  const { log } = settingsOf(app.state(), chart);
  const { zoom, axis } = app.state();
  const series = curves.map(({ label, behind, color, dashed, x, y }) => ({
    ...(!behind && { name: label }),
    color: behind ? `${color}55` : color,
    dashed,
    points: x
      .map((at, i) => [at, y[i] ?? Number.NaN] as const)
      .filter(([at]) => !zoom || (at >= zoom[0] && at <= zoom[1])),
  }));
  const text = lineChart(series, {
    title: chart.title,
    x: { label: axis === 'step' ? 'batch' : 'seconds', ...(zoom && { min: zoom[0], max: zoom[1] }) },
    y: { label: chart.y, scale: log ? 'log' : 'linear' },
  });
  save(fileName(chart, 'svg'), new Blob([text], { type: 'image/svg+xml' }));
};

/** No name becomes a formula, and none breaks out of its cell. */
export const csvCell = (text: string): string =>
  `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

const csv = (app: App, chart: Chart, { curves }: Drawn): void => {
  const rows = curves.flatMap(({ run, key, smooth, x, y }) =>
    x.map((at, i) =>
      [csvCell(app.label(run)), run.id, csvCell(key), smooth ? 'smoothed' : 'raw', at, y[i] ?? ''].join(','),
    ),
  );
  const text = ['run,id,key,kind,x,value', ...rows, ''].join('\n');
  save(fileName(chart, 'csv'), new Blob([text], { type: 'text/csv' }));
};

export const downloads = (app: App, chart: Chart, drawn: () => Drawn): HTMLElement =>
  h(
    'span',
    { class: 'row', role: 'group', 'aria-label': `Download ${chart.title}` },
    button('PNG', () => png(chart, drawn())),
    button('SVG', () => svg(app, chart, drawn())),
    button('CSV', () => csv(app, chart, drawn())),
  );
