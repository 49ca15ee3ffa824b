/** The board's page. */
import { makeApp } from './app.ts';
import { button, h, on } from './dom.ts';
import { type Embedded, embeddedSource } from './embedded-source.ts';
import { follow } from './feed.ts';
import { liveSource } from './live-source.ts';
import { runsPanel } from './runs-panel.ts';
import { keyList, listenToKeys } from './shortcuts.ts';
import { tabs, viewOrder } from './tabs.ts';
import { themePicker } from './theme.ts';

const embedded = (): Embedded | undefined => {
  const element = document.getElementById('report');
  return element ? (JSON.parse(element.textContent ?? '') as Embedded) : undefined;
};

/** Past the header, for the keyboard. */
const skipLink = (main: HTMLElement): HTMLAnchorElement =>
  on(h('a', { class: 'skip', href: '#main' }, 'To the charts'), {
    click: (event) => {
      // It must not take the place of the state in the URL.
      event.preventDefault();
      main.focus();
    },
  });

const start = (): void => {
  const report = embedded();
  const spoken = h('div', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
  const app = makeApp(report ? embeddedSource(report) : liveSource(), (text) => {
    spoken.textContent = text;
  });
  const state = h('span', { class: 'about', id: 'connection', role: 'status' }, report ? report.title : 'connecting');
  const panel = runsPanel(app);
  const { main, bar, update } = tabs(app);
  const help = keyList();
  const theme = themePicker(() => app.redraw());
  const helpButton = button('?', () => help.showModal(), { 'aria-label': 'Keys' });
  document.body.append(
    skipLink(main),
    h('header', {}, h('h1', {}, 'gdarknet board'), bar, state, theme, helpButton),
    h('div', { class: 'body' }, panel.element, main),
    spoken,
    help,
  );

  app.onChange((what) => {
    if (what !== 'data') panel.update();
    update(what);
  });
  listenToKeys({ app, views: viewOrder, help, focusFilter: panel.focusFilter });
  follow(app, {
    connected: (connected) => {
      state.textContent = connected ? 'live' : 'the connection is lost; trying again';
      state.dataset.connected = String(connected);
    },
    failed: (error) => {
      state.textContent = `the board does not answer: ${String(error)}`;
    },
  });
};

start();
