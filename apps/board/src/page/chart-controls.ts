/** What may be set for one chart alone. */
import { checkbox, h, labelled, on } from './dom.ts';
import type { ChartSettings } from './state.ts';

const numberField = (label: string, hint: string, change: (value: number | undefined) => void) => {
  const input = h('input', { type: 'number', step: 'any', class: 'small' });
  on(input, { change: () => change(input.value === '' || Number(input.value) < 0 ? undefined : Number(input.value)) });
  return {
    element: labelled(label, input, hint),
    /** Nothing is changed under the hands of somebody who types. */
    show: (value: number | undefined, usual?: number): void => {
      if (document.activeElement !== input) input.value = value === undefined ? '' : String(value);
      if (usual !== undefined) input.placeholder = String(usual);
    },
  };
};

/** `more` stands below the settings. */
export const chartControls = (title: string, edit: (change: ChartSettings) => void, more: HTMLElement) => {
  const maxX = numberField('Max-X', 'steps beyond are not drawn; empty or -1: all', (value) => edit({ maxX: value }));
  const maxY = numberField('Max-Y', 'values are capped; empty or -1: not', (value) => edit({ maxY: value }));
  const smooth = numberField('Smooth Steps', 'moving average; empty: as for all charts', (value) =>
    edit({ smooth: value }),
  );
  const log = checkbox(false, (checked) => edit({ log: checked }));
  const body = h(
    'div',
    { class: 'controls-body' },
    maxX.element,
    maxY.element,
    smooth.element,
    h('label', {}, log, ' log scale'),
    more,
  );
  const summary = h('summary', { 'aria-label': `Settings and downloads of ${title}` }, '⚙');
  return {
    element: h('details', { class: 'controls' }, summary, body),
    /** `usual`: the smoothing of all charts, for when this one has none of its own. */
    show: (settings: ChartSettings, usual: number): void => {
      maxX.show(settings.maxX);
      maxY.show(settings.maxY);
      smooth.show(settings.smooth, usual);
      log.checked = settings.log === true;
    },
  };
};
