/** The views of the page and the buttons that lead to them. */
import type { App } from './app.ts';
import { chartsView } from './charts-view.ts';
import { compareView } from './compare-view.ts';
import { button, h } from './dom.ts';
import { evaluationView } from './evaluation-view.ts';
import { picturesView } from './pictures-view.ts';
import type { View } from './state.ts';
import { tableView } from './table-view.ts';

type Change = 'state' | 'runs' | 'data';
type Shown = { readonly element: HTMLElement; readonly update: (what: Change) => void };

const titles: Readonly<Record<View, string>> = {
  charts: 'Charts',
  runs: 'Table',
  compare: 'Compare',
  evaluation: 'Evaluation',
  pictures: 'Pictures',
};

/** In their order on the page. */
export const viewOrder = Object.keys(titles) as readonly View[];

export const tabs = (app: App) => {
  const views: Readonly<Record<View, Shown>> = {
    charts: chartsView(app),
    runs: tableView(app),
    compare: compareView(app),
    evaluation: evaluationView(app),
    pictures: picturesView(app),
  };
  const buttons = viewOrder.map((view) => button(titles[view], () => app.set({ view }), { 'data-view': view }));
  const main = h('main', { id: 'main', tabindex: -1 });
  return {
    main,
    bar: h('nav', { class: 'tabs', 'aria-label': 'Views' }, ...buttons),
    update: (what: Change): void => {
      const { view } = app.state();
      for (const one of buttons) {
        if (one.dataset.view === view) one.setAttribute('aria-current', 'page');
        else one.removeAttribute('aria-current');
      }
      const shown = views[view];
      if (main.firstChild !== shown.element) main.replaceChildren(shown.element);
      // New points change nothing but the charts.
      if (view === 'charts' || what !== 'data') shown.update(what);
    },
  };
};
