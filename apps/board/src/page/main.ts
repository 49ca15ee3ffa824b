/** The board's page. */
import { type App, makeApp } from './app.ts';
import { chartsView } from './charts-view.ts';
import { compareView } from './compare-view.ts';
import { button, h, on } from './dom.ts';
import { type Embedded, embeddedSource } from './embedded-source.ts';
import { evaluationView } from './evaluation-view.ts';
import { liveSource } from './live-source.ts';
import { picturesView } from './pictures-view.ts';
import { runsPanel } from './runs-panel.ts';
import type { View } from './state.ts';
import { tableView } from './table-view.ts';
import { themePicker } from './theme.ts';

const tabs: readonly (readonly [View, string])[] = [
  ['charts', 'Charts'],
  ['runs', 'Table'],
  ['compare', 'Compare'],
  ['evaluation', 'Evaluation'],
  ['pictures', 'Pictures'],
];

const keys: readonly (readonly [string, string])[] = [
  ['1 – 5', 'charts, table, compare, evaluation, pictures'],
  ['/', 'filter runs'],
  ['0', 'show everything again after zooming'],
  ['← →  Home End', 'on a chart: read values (with Shift ten at once)'],
  ['+ −', 'on a chart: zoom; Escape: show all'],
  ['?', 'this list'],
];

const embedded = (): Embedded | undefined => {
  const element = document.getElementById('report');
  return element ? (JSON.parse(element.textContent ?? '') as Embedded) : undefined;
};

const help = (): HTMLDialogElement => {
  const close = button('Close', () => dialog.close());
  const list = h('dl', {}, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]));
  const dialog = h('dialog', { 'aria-label': 'Keys' }, h('h2', {}, 'Keys'), list, close);
  return dialog;
};

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) &&
  (target as HTMLInputElement).type !== 'checkbox';

const start = (): void => {
  const report = embedded();
  const spoken = h('div', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
  const app: App = makeApp(report ? embeddedSource(report) : liveSource(), (text) => {
    spoken.textContent = text;
  });
  const state = h('span', { class: 'about', id: 'connection', role: 'status' }, report ? report.title : 'connecting');
  const panel = runsPanel(app);
  const views = {
    ...{ charts: chartsView(app), runs: tableView(app), compare: compareView(app) },
    ...{ evaluation: evaluationView(app), pictures: picturesView(app) },
  };
  const buttons = tabs.map(([view, title]) => button(title, () => app.set({ view }), { 'data-view': view }));
  const dialog = help();
  const main = h('main', { id: 'main', tabindex: -1 });
  const theme = themePicker(() => app.redraw());
  document.body.append(
    h('a', { class: 'skip', href: '#main' }, 'To the charts'),
    h(
      'header',
      {},
      h('h1', {}, 'gdarknet board'),
      h('nav', { class: 'tabs', 'aria-label': 'Views' }, ...buttons),
      state,
      theme,
      button('?', () => dialog.showModal(), { 'aria-label': 'Keys' }),
    ),
    h('div', { class: 'body' }, panel.element, main),
    ...[spoken, dialog],
  );
  // The link to the charts must not take the place of the state in the URL.
  on(document.querySelector('.skip') as HTMLAnchorElement, {
    click: (event) => {
      event.preventDefault();
      main.focus();
    },
  });

  const update = (what: 'state' | 'runs' | 'data'): void => {
    const { view } = app.state();
    for (const one of buttons) {
      if (one.dataset.view === view) one.setAttribute('aria-current', 'page');
      else one.removeAttribute('aria-current');
    }
    if (what !== 'data') panel.update();
    const shown = views[view];
    if (main.firstChild !== shown.element) main.replaceChildren(shown.element);
    if (view === 'charts') views.charts.update(what);
    else if (what !== 'data') shown.update(what);
  };
  app.onChange(update);

  document.addEventListener('keydown', (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const tab = tabs[Number(event.key) - 1];
    if (tab) app.set({ view: tab[0] });
    else if (event.key === '0') app.set({ zoom: undefined });
    else if (event.key === '/') panel.focusFilter();
    else if (event.key === '?') dialog.showModal();
    else return;
    event.preventDefault();
  });

  const failed = (error: unknown): void => {
    state.textContent = `the board does not answer: ${String(error)}`;
  };
  let reloading = 0;
  app.source.listen({
    runs: () => {
      clearTimeout(reloading);
      reloading = window.setTimeout(() => void app.reload().catch(failed), 100);
    },
    points: (points) => {
      app.series.add(points);
      app.note(points);
      app.redraw();
    },
    stale: (runs) => {
      app.series.forget(runs);
      app.redraw();
    },
    connected: (connected) => {
      state.textContent = connected ? 'live' : 'the connection is lost; trying again';
      state.dataset.connected = String(connected);
    },
  });
  app.reload().catch(failed);
};

start();
