/** What is set for all charts at once: smoothing, the x axis, zoom, and which charts there are. */
import type { App } from './app.ts';
import type { Chart } from './chart-list.ts';
import { button, checkbox, choice, h, labelled, on } from './dom.ts';
import type { Axis } from './state.ts';

const axes: readonly (readonly [Axis, string])[] = [
  ['step', 'batch'],
  ['relative', 'time since start'],
  ['time', 'clock time'],
];

/** A box for each chart that could be shown. */
const chartPicker = (app: App) => {
  const body = h('div', { class: 'types-body' });
  const boxOf = ({ id, title }: Chart): HTMLElement => {
    const { hiddenCharts } = app.state();
    const box = checkbox(!hiddenCharts.includes(id), (checked) =>
      app.set({ hiddenCharts: checked ? hiddenCharts.filter((one) => one !== id) : [...hiddenCharts, id] }),
    );
    return h('label', {}, box, ` ${title}`);
  };
  return {
    element: h('details', { class: 'types' }, h('summary', {}, 'Charts'), body),
    show: (charts: readonly Chart[]): void => body.replaceChildren(...charts.map(boxOf)),
  };
};

export const chartsTools = (app: App) => {
  const smooth = h('input', { type: 'number', min: 0, step: 1, class: 'small', id: 'smooth' });
  on(smooth, { change: () => app.set({ smooth: Math.max(0, Math.round(Number(smooth.value))) }) });
  const raw = checkbox(true, (checked) => app.set({ raw: checked }));
  const axis = choice(axes, 'step', (value) => app.set({ axis: value, zoom: undefined }), { id: 'axis' });
  const all = button('Show all', () => app.set({ zoom: undefined }), { title: 'also a double click on a chart' });
  const picker = chartPicker(app);
  const link = button('Copy link', () => {
    void navigator.clipboard?.writeText(location.href).then(() => app.announce('The link is copied'));
  });
  return {
    element: h(
      'div',
      { class: 'tools', role: 'toolbar', 'aria-label': 'All charts' },
      labelled('Smooth Steps', smooth, 'moving average over so many steps; 0: none'),
      h('label', { title: 'the curve before smoothing, pale' }, raw, ' raw behind'),
      labelled('X', axis),
      all,
      picker.element,
      link,
    ),
    show: (charts: readonly Chart[]): void => {
      const state = app.state();
      if (document.activeElement !== smooth) smooth.value = String(state.smooth);
      raw.checked = state.raw;
      axis.value = state.axis;
      all.disabled = state.zoom === undefined;
      picker.show(charts);
    },
  };
};
