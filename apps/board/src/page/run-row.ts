/** One run in the list: whether it is drawn, its colour, name and state, and more. */
import type { App } from './app.ts';
import { checkbox, h, on } from './dom.ts';
import { lastStep, stateOf } from './run-groups.ts';
import { runMore } from './run-more.ts';
import type { RunView } from './source.ts';

export const runRow = (app: App, first: RunView) => {
  const { id } = first;
  const box = checkbox(false, (selected) => app.select(id, selected), { id: `run-${id}` });
  const color = h('input', { type: 'color', 'aria-label': `Colour of ${first.name}` });
  on(color, { change: () => void app.prefer(id, { color: color.value }) });
  const name = h('label', { for: `run-${id}`, class: 'name' });
  const about = h('span', { class: 'about' });
  const more = runMore(app, first);
  const element = h('li', { class: 'run' }, h('div', { class: 'line' }, box, color, name, more.element), about);
  return {
    element,
    show: (run: RunView, selected: boolean): void => {
      box.checked = selected;
      name.textContent = app.label(run);
      name.title = run.name;
      color.value = app.color(id);
      element.classList.toggle('is-hidden', run.preference.hidden === true);
      about.textContent = `${stateOf(run)}, step ${lastStep(run)}`;
      about.dataset.status = stateOf(run);
      more.show(run);
    },
  };
};

export type RunRow = ReturnType<typeof runRow>;
