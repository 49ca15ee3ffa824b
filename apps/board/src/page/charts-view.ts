/** All charts, drawn as they come into sight. */
import type { App } from './app.ts';
import { chartGrid } from './chart-grid.ts';
import { chartsOf } from './chart-list.ts';
import { chartsTools } from './charts-tools.ts';
import { rangeShown } from './detail.ts';
import { h } from './dom.ts';
import { paced, settled } from './pace.ts';

/** Live points are drawn no more often than this. */
const redrawMs = 300;
/** A zoomed part is read again, finer, when zooming has ended. */
const refineMs = 250;

const emptyText = (runs: number, selected: number): string => {
  if (runs === 0) return 'No runs yet. Train with --log-to, or start the board with --dir.';
  return selected === 0 ? 'No run is selected.' : '';
};

export const chartsView = (app: App) => {
  const tools = chartsTools(app);
  const empty = h('p', { class: 'empty' });
  const grid = chartGrid(app, () => soon(0));
  const element = h('div', {}, tools.element, empty, grid.element);

  const fetchAndDraw = async (): Promise<void> => {
    const charts = grid.inSight();
    const runs = app.selected().map(({ id }) => id);
    await app.series.ensure(runs, [...new Set(charts.flatMap(({ keys }) => keys))]);
    grid.draw(charts);
  };
  const soon = paced(() => {
    fetchAndDraw().catch((error: unknown) => app.announce(`The charts could not be read: ${String(error)}`));
  });

  const whenSettled = settled(refineMs);
  let range = '';
  const refine = (): void => {
    const next = rangeShown(app.state());
    const text = JSON.stringify(next);
    if (text === range) return;
    range = text;
    whenSettled(() => {
      app.series.show(next);
      soon(0);
    });
  };

  const update = (what: 'state' | 'runs' | 'data'): void => {
    if (what !== 'data') {
      const runs = app.selected();
      const charts = chartsOf(runs);
      tools.show(charts);
      grid.show(charts, app.state().hiddenCharts);
      empty.textContent = emptyText(app.runs().length, runs.length);
      refine();
    }
    soon(what === 'data' ? redrawMs : 0);
  };
  return { element, update };
};
