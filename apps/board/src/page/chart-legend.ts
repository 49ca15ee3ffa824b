/** A chart's legend: the place that is read, and a line for each curve with its value there. */
import { h } from './dom.ts';
import type { Curve } from './plot-data.ts';
import type { Readings } from './reading.ts';

export const chartLegend = () => {
  const list = h('ul', { class: 'legend' });
  const where = h('p', { class: 'where about' });
  let cells: readonly HTMLElement[] = [];
  return {
    where,
    list,
    /** Lines for other curves than before. */
    name: (curves: readonly Curve[]): void => {
      cells = curves.map(() => h('span', { class: 'value' }));
      const items = curves.map(({ label, color, dashed }, i) => {
        const swatch = h('span', { class: dashed ? 'swatch dashed' : 'swatch' });
        swatch.style.setProperty('--color', color);
        return h('li', {}, swatch, h('span', { class: 'label' }, label), cells[i]);
      });
      list.replaceChildren(...items);
    },
    show: ({ place, values }: Readings): void => {
      where.textContent = place;
      for (const [i, cell] of cells.entries()) cell.textContent = values[i] ?? '';
    },
  };
};
