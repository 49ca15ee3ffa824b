/** One chart: curves, controls, legend with the values under the pointer, downloads. */
import type { App } from './app.ts';
import { chartControls } from './chart-controls.ts';
import { chartAct } from './chart-keys.ts';
import { chartLegend } from './chart-legend.ts';
import type { Chart } from './chart-list.ts';
import { chartPlot } from './chart-plot.ts';
import { h, on } from './dom.ts';
import { downloads } from './downloads.ts';
import { aligned, curvesOf, settingsOf } from './plot-data.ts';
import { type Drawing, frontCurves, nothingDrawn, readingsAt, spokenAt } from './reading.ts';

const headOf = (chart: Chart) => h('figcaption', { id: `chart-${chart.id}` }, chart.title);

const placeOf = (chart: Chart) =>
  h('div', { class: 'plot', tabindex: 0, role: 'img', 'aria-labelledby': `chart-${chart.id}` });

/** For people and programs that cannot see the curves. */
const describeIn = (place: HTMLElement, drawing: Drawing): void => {
  const front = frontCurves(drawing);
  const points = front.reduce((sum, { x }) => sum + x.length, 0);
  place.setAttribute('aria-description', `${front.length} curves, ${points} points. Arrow keys read values.`);
  place.dataset.points = String(points);
};

export const chartCard = (app: App, chart: Chart) => {
  let drawing = nothingDrawn;
  const place = placeOf(chart);
  const legend = chartLegend();
  const plot = chartPlot(place, {
    pointed: (at) => legend.show(readingsAt(drawing, at)),
    zoomed: (zoom) => app.set({ zoom }),
  });
  const menu = downloads(app, chart, () => ({ curves: drawing.curves, plot: plot.current() }));
  const controls = chartControls(
    chart.title,
    (change) => {
      const { settings } = app.state();
      app.set({ settings: { ...settings, [chart.id]: { ...settings[chart.id], ...change } } });
    },
    menu,
  );
  const note = h('p', { class: 'note about' });
  const head = h('div', { class: 'head' }, headOf(chart), controls.element);
  const attributes = { class: 'chart', 'data-chart': chart.id };
  const element = h('figure', attributes, head, place, legend.where, legend.list, note);

  on(place, {
    keydown: (event) => {
      const seen = plot.seen();
      const act = seen && chartAct(event.key, event.shiftKey, seen);
      if (!act) return;
      if (act.tag === 'zoom') app.set({ zoom: act.zoom });
      else {
        plot.point(act.at);
        app.announce(spokenAt(drawing, act.at));
      }
      event.preventDefault();
    },
  });

  const draw = (): void => {
    const state = app.state();
    const settings = settingsOf(state, chart);
    const { curves, short } = curvesOf(app, chart, app.selected());
    drawing = { axis: state.axis, curves, columns: aligned(curves) };
    note.textContent = short ? `not smoothed: fewer than ${10 * settings.smooth} points` : '';
    controls.show({ ...settings, smooth: state.settings[chart.id]?.smooth }, state.smooth);
    if (plot.draw(drawing, settings.log)) legend.name(frontCurves(drawing));
    plot.span(state.zoom);
    legend.show(readingsAt(drawing, plot.seen()?.at));
    describeIn(place, drawing);
  };
  return { element, chart, draw, resize: plot.resize, destroy: plot.destroy };
};

export type ChartCard = ReturnType<typeof chartCard>;
