/** One chart: curves, controls, legend with the values under the pointer, downloads. */
import uPlot from 'uplot';
import type { App } from './app.ts';
import type { Chart } from './chart-list.ts';
import { checkbox, h, labelled, on } from './dom.ts';
import { downloads } from './downloads.ts';
import { date, duration, figure } from './format.ts';
import { aligned, type Curve, curvesOf, settingsOf } from './plot-data.ts';
import type { Axis, ChartSettings } from './state.ts';

const height = 300;
const syncKey = 'board';

const ink = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const placeText = (axis: Axis, x: number): string =>
  axis === 'step' ? `step ${Math.round(x)}` : axis === 'relative' ? duration(x) : date(x * 1000);

const faint = (color: string): string => `${color}55`;

/** The value of a curve nearest to a place in the joined columns. */
const near = (column: ArrayLike<number | null | undefined>, at: number): number | undefined => {
  for (let by = 0; by < 400; by++) {
    for (const i of [at - by, at + by]) {
      const value = column[i];
      if (value !== null && value !== undefined) return value;
    }
  }
  return undefined;
};

/** A little room above and below; a flat curve lies in the middle of its own neighbourhood. */
const spread = (_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax => {
  if (low === null || high === null) return [0, 1];
  if (low < high) return uPlot.rangeNum(low, high, 0.1, true);
  const by = low === 0 ? 1 : Math.abs(low) / 10;
  return low === 0 ? [0, by] : [low - by, low + by];
};

const numberField = (label: string, hint: string, change: (value: number | undefined) => void) => {
  const input = h('input', { type: 'number', step: 'any', class: 'small' });
  on(input, { change: () => change(input.value === '' || Number(input.value) < 0 ? undefined : Number(input.value)) });
  return { input, element: labelled(label, input, hint) };
};

export const chartCard = (app: App, chart: Chart) => {
  const title = h('figcaption', { id: `chart-${chart.id}` }, chart.title);
  const place = h('div', { class: 'plot', tabindex: 0, role: 'img', 'aria-labelledby': `chart-${chart.id}` });
  const legend = h('ul', { class: 'legend' });
  const where = h('p', { class: 'where about' });
  const note = h('p', { class: 'note about' });
  const edit = (change: ChartSettings): void => {
    const { settings } = app.state();
    app.set({ settings: { ...settings, [chart.id]: { ...settings[chart.id], ...change } } });
  };
  const maxX = numberField('Max-X', 'steps beyond are not drawn; empty or -1: all', (value) => edit({ maxX: value }));
  const maxY = numberField('Max-Y', 'values are capped; empty or -1: not', (value) => edit({ maxY: value }));
  const smooth = numberField('Smooth Steps', 'moving average; empty: as for all charts', (value) =>
    edit({ smooth: value }),
  );
  const log = checkbox(false, (checked) => edit({ log: checked }));
  let curves: readonly Curve[] = [];
  let plot: uPlot | undefined;
  let shape = '';
  const menu = downloads(app, chart, () => ({ curves, plot }));
  const controls = h(
    'details',
    { class: 'controls' },
    h('summary', { 'aria-label': `Settings and downloads of ${chart.title}` }, '⚙'),
    h(
      'div',
      { class: 'controls-body' },
      maxX.element,
      maxY.element,
      smooth.element,
      h('label', {}, log, ' log scale'),
      menu,
    ),
  );
  const element = h(
    'figure',
    { class: 'chart', 'data-chart': chart.id },
    h('div', { class: 'head' }, title, controls),
    place,
    where,
    legend,
    note,
  );

  const front = (): readonly (readonly [Curve, number])[] =>
    curves.flatMap((curve, i) => (curve.behind ? [] : [[curve, i + 1] as const]));

  const values = new Map<string, HTMLElement>();
  const listLegend = (): void => {
    values.clear();
    const items = front().map(([curve, i]) => {
      const swatch = h('span', { class: curve.dashed ? 'swatch dashed' : 'swatch' });
      swatch.style.setProperty('--color', curve.color);
      const value = h('span', { class: 'value' });
      values.set(String(i), value);
      return h('li', {}, swatch, h('span', { class: 'label' }, curve.label), value);
    });
    legend.replaceChildren(...items);
  };
  const showValues = (at: number | null | undefined): void => {
    const axis = app.state().axis;
    const inside = plot !== undefined && at !== null && at !== undefined;
    where.textContent = inside ? placeText(axis, plot?.data[0][at] ?? Number.NaN) : '';
    for (const [curve, i] of front()) {
      const cell = values.get(String(i));
      if (!cell) continue;
      const last = curve.y.findLastIndex((value) => value !== null);
      const value = inside ? near(plot?.data[i] ?? [], at) : (curve.y[last] ?? undefined);
      const text = value === undefined ? '' : figure(value);
      cell.textContent = inside || last < 0 ? text : `${text} at ${placeText(axis, curve.x[last])}`;
    }
  };

  const axisLabel = (axis: Axis): string =>
    axis === 'step' ? 'batch' : axis === 'relative' ? 'time since the start' : 'time (UTC)';
  const build = (): void => {
    plot?.destroy();
    const state = app.state();
    const { log: isLog } = settingsOf(state, chart);
    const axis: uPlot.Axis = {
      stroke: ink('--ink'),
      grid: { stroke: ink('--grid'), width: 1 },
      ticks: { stroke: ink('--grid') },
    };
    plot = new uPlot(
      {
        width: Math.max(220, place.clientWidth),
        height,
        legend: { show: false },
        cursor: {
          sync: { key: syncKey, setSeries: false },
          drag: { x: true, y: false, setScale: false },
          points: { size: 7 },
        },
        scales: { x: { time: state.axis === 'time' }, y: isLog ? { distr: 3 } : { range: spread } },
        axes: [
          {
            ...axis,
            label: axisLabel(state.axis),
            labelSize: 20,
            size: state.axis === 'time' ? 54 : 40,
            ...(state.axis === 'relative' && {
              values: (_: uPlot, ticks: readonly number[]) => ticks.map(duration),
              space: 90,
            }),
          },
          {
            ...axis,
            size: 72,
            values: (_: uPlot, ticks: readonly (number | null)[]) =>
              ticks.map((tick) => (tick === null ? '' : figure(tick))),
          },
        ],
        series: [
          {},
          ...curves.map(
            (curve): uPlot.Series => ({
              label: curve.label,
              stroke: curve.behind ? faint(curve.color) : curve.color,
              width: curve.behind ? 1 : 1.8,
              points: { show: curve.x.length === 1 || (curve.key.startsWith('ap') && curve.x.length < 60), size: 5 },
              ...(curve.dashed && { dash: [6, 4] }),
            }),
          ),
        ],
        hooks: {
          setCursor: [(u) => showValues(u.cursor.idx)],
          setSelect: [
            (u) => {
              if (u.select.width < 4) return;
              const [from, to] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')];
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              app.set({ zoom: [from, to] });
            },
          ],
        },
      },
      aligned(curves),
      place,
    );
    plot.over.addEventListener('dblclick', () => app.set({ zoom: undefined }));
    listLegend();
  };

  /** Left and right move the line, Home and End to the ends, plus and minus zoom, Escape shows all. */
  on(place, {
    keydown: (event) => {
      if (!plot) return;
      const { min = 0, max = 1 } = plot.scales.x;
      const last = plot.data[0].length - 1;
      const at = plot.cursor.idx ?? last;
      const by = event.shiftKey ? 10 : 1;
      const to: Readonly<Record<string, number>> = { ArrowLeft: at - by, ArrowRight: at + by, Home: 0, End: last };
      if (Object.hasOwn(to, event.key)) {
        const index = Math.max(0, Math.min(last, to[event.key]));
        plot.setCursor({ left: plot.valToPos(plot.data[0][index], 'x'), top: 10 });
        const spoken = front()
          .slice(0, 5)
          .map(([curve, i]) => `${curve.label} ${figure(near(plot?.data[i] ?? [], index) ?? Number.NaN)}`);
        app.announce(`${placeText(app.state().axis, plot.data[0][index])}: ${spoken.join(', ')}`);
      } else if (event.key === '+' || event.key === '-') {
        const middle =
          plot.cursor.idx === null || plot.cursor.idx === undefined ? (min + max) / 2 : plot.data[0][plot.cursor.idx];
        const half = ((max - min) / 2) * (event.key === '+' ? 0.5 : 2);
        app.set({ zoom: [middle - half, middle + half] });
      } else if (event.key === 'Escape') app.set({ zoom: undefined });
      else return;
      event.preventDefault();
    },
  });

  const draw = (): void => {
    const state = app.state();
    const settings = settingsOf(state, chart);
    const made = curvesOf(app, chart, app.selected());
    curves = made.curves;
    note.textContent = made.short ? `not smoothed: fewer than ${10 * settings.smooth} points` : '';
    for (const [field, value] of [
      [maxX, settings.maxX],
      [maxY, settings.maxY],
      [smooth, state.settings[chart.id]?.smooth],
    ] as const) {
      if (document.activeElement !== field.input) field.input.value = value === undefined ? '' : String(value);
    }
    smooth.input.placeholder = String(state.smooth);
    log.checked = settings.log === true;
    const look = curves.map(({ run, key, label, color, behind, dashed, x }) => [
      run.id,
      key,
      label,
      color,
      behind,
      dashed,
      x.length === 1,
    ]);
    const next = JSON.stringify([look, state.axis, settings.log, document.documentElement.dataset.theme]);
    if (!plot || next !== shape) {
      shape = next;
      build();
    } else plot.setData(aligned(curves), false);
    const xs = plot?.data[0] ?? [];
    const [from, to] = state.zoom ?? [xs[0] ?? 0, xs[xs.length - 1] ?? 1];
    plot?.setScale('x', { min: from, max: to > from ? to : from + 1 });
    showValues(plot?.cursor.idx ?? null);
    const points = front().reduce((sum, [curve]) => sum + curve.x.length, 0);
    place.setAttribute('aria-description', `${front().length} curves, ${points} points. Arrow keys read values.`);
    place.dataset.points = String(points);
  };
  return {
    ...{ element, chart, draw },
    resize: () => plot?.setSize({ width: Math.max(220, place.clientWidth), height }),
    destroy: () => plot?.destroy(),
  };
};

export type ChartCard = ReturnType<typeof chartCard>;
