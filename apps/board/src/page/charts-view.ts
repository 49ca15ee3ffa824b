/** All charts, drawn as they come into sight. */
import type { App } from './app.ts';
import { type ChartCard, chartCard } from './chart-card.ts';
import { type Chart, chartsOf } from './chart-list.ts';
import { button, checkbox, choice, h, labelled, on, replaceChildren } from './dom.ts';
import type { Axis } from './state.ts';

/** Live points are drawn no more often than this. */
const redrawMs = 300;
/** A zoomed part is read again, finer, when zooming has ended. */
const refineMs = 250;
const axes: readonly (readonly [Axis, string])[] = [
  ['step', 'batch'],
  ['relative', 'time since start'],
  ['time', 'clock time'],
];

export const chartsView = (app: App) => {
  const cards = new Map<string, ChartCard>();
  const visible = new Set<string>();
  const grid = h('div', { class: 'charts' });
  const empty = h('p', { class: 'empty' });
  const smooth = h('input', { type: 'number', min: 0, step: 1, class: 'small', id: 'smooth' });
  on(smooth, { change: () => app.set({ smooth: Math.max(0, Math.round(Number(smooth.value))) }) });
  const raw = checkbox(true, (checked) => app.set({ raw: checked }));
  const axis = choice(axes, 'step', (value) => app.set({ axis: value, zoom: undefined }), { id: 'axis' });
  const all = button('Show all', () => app.set({ zoom: undefined }), { title: 'also a double click on a chart' });
  const types = h('details', { class: 'types' }, h('summary', {}, 'Charts'), h('div', { class: 'types-body' }));
  const link = button('Copy link', () => {
    void navigator.clipboard?.writeText(location.href).then(() => app.announce('The link is copied'));
  });
  const tools = h(
    'div',
    { class: 'tools', role: 'toolbar', 'aria-label': 'All charts' },
    labelled('Smooth Steps', smooth, 'moving average over so many steps; 0: none'),
    h('label', { title: 'the curve before smoothing, pale' }, raw, ' raw behind'),
    labelled('X', axis),
    ...[all, types, link],
  );
  const element = h('div', {}, tools, empty, grid);

  let timer = 0;
  const fetchAndDraw = async (): Promise<void> => {
    const shown = charts().filter(({ id }) => visible.has(id));
    const runs = app.selected().map(({ id }) => id);
    await app.series.ensure(runs, [...new Set(shown.flatMap(({ keys }) => keys))]);
    for (const { id } of shown) cards.get(id)?.draw();
  };
  const soon = (ms: number): void => {
    if (timer !== 0) return;
    timer = window.setTimeout(() => {
      timer = 0;
      fetchAndDraw().catch((error: unknown) => app.announce(`The charts could not be read: ${String(error)}`));
    }, ms);
  };

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const id = (target as HTMLElement).dataset.chart ?? '';
        if (isIntersecting) visible.add(id);
        else visible.delete(id);
      }
      soon(0);
    },
    { rootMargin: '200px' },
  );
  new ResizeObserver(() => {
    for (const card of cards.values()) card.resize();
  }).observe(grid);

  let list: readonly Chart[] = [];
  const charts = (): readonly Chart[] => list.filter(({ id }) => !app.state().hiddenCharts.includes(id));

  const showTypes = (): void => {
    const body = types.lastElementChild;
    const { hiddenCharts } = app.state();
    body?.replaceChildren(
      ...list.map(({ id, title }) => {
        const box = checkbox(!hiddenCharts.includes(id), (checked) =>
          app.set({ hiddenCharts: checked ? hiddenCharts.filter((one) => one !== id) : [...hiddenCharts, id] }),
        );
        return h('label', {}, box, ` ${title}`);
      }),
    );
  };

  let refine = 0;
  let zoomed = '';
  /** On the axis of steps a zoomed part is read anew with all its detail; on the others the same points are stretched. */
  const follow = (): void => {
    const { zoom, axis: which } = app.state();
    const part = which === 'step' && zoom ? zoom : undefined;
    const text = JSON.stringify(part ?? null);
    if (text === zoomed) return;
    zoomed = text;
    clearTimeout(refine);
    refine = window.setTimeout(() => {
      const width = part ? part[1] - part[0] : 0;
      // A little to both sides, so that curves run out of the picture.
      app.series.show(part ? { from: part[0] - width / 10, to: part[1] + width / 10, points: 1000 } : { points: 600 });
      soon(0);
    }, refineMs);
  };

  const update = (what: 'state' | 'runs' | 'data'): void => {
    const state = app.state();
    const runs = app.selected();
    if (what !== 'data') {
      list = chartsOf(runs);
      if (document.activeElement !== smooth) smooth.value = String(state.smooth);
      raw.checked = state.raw;
      axis.value = state.axis;
      all.disabled = state.zoom === undefined;
      showTypes();
      for (const chart of list) {
        const known = cards.get(chart.id);
        if (known && known.chart.keys.join() === chart.keys.join()) continue;
        if (known) {
          watcher.unobserve(known.element);
          known.destroy();
        }
        const card = chartCard(app, chart);
        cards.set(chart.id, card);
        watcher.observe(card.element);
      }
      replaceChildren(
        grid,
        charts().flatMap(({ id }) => cards.get(id)?.element ?? []),
      );
      empty.textContent =
        app.runs().length === 0
          ? 'No runs yet. Train with --log-to, or start the board with --dir.'
          : runs.length === 0
            ? 'No run is selected.'
            : '';
      follow();
    }
    soon(what === 'data' ? redrawMs : 0);
  };
  return { element, update };
};
