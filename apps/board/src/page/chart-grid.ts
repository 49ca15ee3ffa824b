/** The cards of all charts, and which of them are in sight. */
import type { App } from './app.ts';
import { type ChartCard, chartCard } from './chart-card.ts';
import type { Chart } from './chart-list.ts';
import { h, replaceChildren } from './dom.ts';

/** A chart this far outside the window is drawn too, so that it is there when it comes. */
const margin = '200px';

const sameKeys = (a: Chart, b: Chart): boolean => a.keys.join() === b.keys.join();

/** `seen` is called when charts have come into sight or left it. */
export const chartGrid = (app: App, seen: () => void) => {
  const element = h('div', { class: 'charts' });
  const cards = new Map<string, ChartCard>();
  const inSight = new Set<string>();
  let shown: readonly Chart[] = [];

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const id = (target as HTMLElement).dataset.chart ?? '';
        if (isIntersecting) inSight.add(id);
        else inSight.delete(id);
      }
      seen();
    },
    { rootMargin: margin },
  );
  new ResizeObserver(() => {
    for (const card of cards.values()) card.resize();
  }).observe(element);

  const keep = (chart: Chart): void => {
    const known = cards.get(chart.id);
    if (known && sameKeys(known.chart, chart)) return;
    if (known) {
      watcher.unobserve(known.element);
      known.destroy();
    }
    const card = chartCard(app, chart);
    cards.set(chart.id, card);
    watcher.observe(card.element);
  };

  return {
    element,
    /** Makes the cards of all `charts`, and shows those that are not hidden. */
    show: (charts: readonly Chart[], hidden: readonly string[]): void => {
      charts.forEach(keep);
      shown = charts.filter(({ id }) => !hidden.includes(id));
      replaceChildren(
        element,
        shown.flatMap(({ id }) => cards.get(id)?.element ?? []),
      );
    },
    inSight: (): readonly Chart[] => shown.filter(({ id }) => inSight.has(id)),
    draw: (charts: readonly Chart[]): void => {
      for (const { id } of charts) cards.get(id)?.draw();
    },
  };
};
