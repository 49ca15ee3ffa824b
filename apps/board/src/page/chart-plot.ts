/** The drawn part of a chart: a plot that is filled anew as points come, and built anew when its look changes. */
import uPlot from 'uplot';
import type { Seen } from './chart-keys.ts';
import { type PlotSize, plotOptions } from './plot-options.ts';
import { type Drawing, lookOf } from './reading.ts';
import type { State } from './state.ts';

type Zoom = State['zoom'];

const height = 300;
const leastWidth = 220;
/** A drag over fewer pixels than this is a click. */
const leastDrag = 4;

export type PlotEvents = {
  /** The column under the pointer, here or on another chart. */
  readonly pointed: (at: number | null | undefined) => void;
  readonly zoomed: (zoom: Zoom) => void;
};

/** What has been dragged over, which is then no longer marked. */
const takeSelection = (plot: uPlot): Zoom => {
  const { left, width } = plot.select;
  if (width < leastDrag) return undefined;
  const zoom = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')] as const;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  return zoom;
};

export const chartPlot = (place: HTMLElement, { pointed, zoomed }: PlotEvents) => {
  let plot: uPlot | undefined;
  let look = '';
  const sizeNow = (): PlotSize => ({ width: Math.max(leastWidth, place.clientWidth), height });
  const build = (drawing: Drawing, log: boolean | undefined): void => {
    plot?.destroy();
    const hooks: uPlot.Hooks.Arrays = {
      setCursor: [({ cursor }) => pointed(cursor.idx)],
      setSelect: [
        (u) => {
          const zoom = takeSelection(u);
          if (zoom) zoomed(zoom);
        },
      ],
    };
    plot = new uPlot(plotOptions(drawing, log, sizeNow(), hooks), drawing.columns, place);
    plot.over.addEventListener('dblclick', () => zoomed(undefined));
  };
  return {
    /** True when the plot was built anew. */
    draw: (drawing: Drawing, log: boolean | undefined): boolean => {
      const next = lookOf(drawing, log, document.documentElement.dataset.theme);
      if (plot && next === look) {
        plot.setData(drawing.columns, false);
        return false;
      }
      look = next;
      build(drawing, log);
      return true;
    },
    /** All there is when `zoom` is undefined. */
    span: (zoom: Zoom): void => {
      const xs = plot?.data[0] ?? [];
      const [from, to] = zoom ?? [xs[0] ?? 0, xs[xs.length - 1] ?? 1];
      plot?.setScale('x', { min: from, max: to > from ? to : from + 1 });
    },
    seen: (): Seen | undefined => {
      if (!plot) return undefined;
      const { min = 0, max = 1 } = plot.scales.x;
      return { x: plot.data[0], at: plot.cursor.idx, min, max };
    },
    point: (at: number): void => {
      plot?.setCursor({ left: plot.valToPos(plot.data[0][at], 'x'), top: 10 });
    },
    current: (): uPlot | undefined => plot,
    resize: (): void => plot?.setSize(sizeNow()),
    destroy: (): void => plot?.destroy(),
  };
};
