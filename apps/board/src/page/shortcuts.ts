/** The keys of the page, and the list of them. */
import type { App } from './app.ts';
import { button, h } from './dom.ts';
import type { View } from './state.ts';

const keys: readonly (readonly [string, string])[] = [
  ['1 – 5', 'charts, table, compare, evaluation, pictures'],
  ['/', 'filter runs'],
  ['0', 'show everything again after zooming'],
  ['← →  Home End', 'on a chart: read values (with Shift ten at once)'],
  ['+ −', 'on a chart: zoom; Escape: show all'],
  ['?', 'this list'],
];

export const keyList = (): HTMLDialogElement => {
  const close = button('Close', () => dialog.close());
  const list = h('dl', {}, ...keys.flatMap(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]));
  const dialog = h('dialog', { 'aria-label': 'Keys' }, h('h2', {}, 'Keys'), list, close);
  return dialog;
};

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) &&
  (target as HTMLInputElement).type !== 'checkbox';

export type Shortcuts = {
  readonly app: App;
  /** Under 1, 2, 3, … */
  readonly views: readonly View[];
  readonly help: HTMLDialogElement;
  readonly focusFilter: () => void;
};

export const listenToKeys = ({ app, views, help, focusFilter }: Shortcuts): void => {
  document.addEventListener('keydown', (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const view = views[Number(event.key) - 1];
    if (view) app.set({ view });
    else if (event.key === '0') app.set({ zoom: undefined });
    else if (event.key === '/') focusFilter();
    else if (event.key === '?') help.showModal();
    else return;
    event.preventDefault();
  });
};
