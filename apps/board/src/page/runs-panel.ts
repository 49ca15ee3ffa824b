/** The list of runs beside the charts: choose, colour, name, hide, delete, filter, group. */
import type { App } from './app.ts';
import { button, checkbox, h, labelled, on } from './dom.ts';
import { groupings } from './run-groups.ts';
import { runList } from './run-list.ts';

const filterField = (app: App) => {
  const field = h('input', {
    type: 'search',
    id: 'filter',
    placeholder: 'name, seed=3, loss/average<2',
    'aria-label': 'Filter runs',
  });
  return on(field, { input: () => app.set({ filter: field.value }) });
};

/** Buttons that choose many runs at once. */
const choosers = (app: App): readonly HTMLButtonElement[] => [
  button('All', () => app.set({ selected: app.listed().map(({ id }) => id) })),
  button('None', () => app.set({ selected: [] })),
  button('Newest', () => app.set({ selected: undefined }), { title: 'the ten newest, and new ones as they come' }),
];

const groupPicker = (app: App) => {
  const select = h('select', { id: 'group' });
  on(select, { change: () => app.set({ group: select.value }) });
  return {
    element: labelled('Group', select),
    show: (): void => {
      const options = groupings(app.runs());
      if (select.options.length !== options.length) {
        select.replaceChildren(...options.map(([value, text]) => h('option', { value }, text)));
      }
      select.value = app.state().group;
    },
  };
};

export const runsPanel = (app: App) => {
  const filter = filterField(app);
  const group = groupPicker(app);
  const hidden = checkbox(false, (showHidden) => app.set({ showHidden }));
  const count = h('p', { class: 'about', role: 'status' });
  const list = runList(app);
  const drawer = h(
    'details',
    { class: 'drawer', open: true },
    h('summary', {}, 'Experiments'),
    filter,
    h('p', { class: 'row' }, group.element, h('label', {}, hidden, ' hidden')),
    h('p', { class: 'row' }, ...choosers(app)),
    count,
    list.element,
  );
  const element = h('nav', { class: 'panel', 'aria-label': 'Runs' }, drawer);

  const update = (): void => {
    const state = app.state();
    const listed = app.listed();
    const drawn = new Set(app.selected().map(({ id }) => id));
    if (document.activeElement !== filter) filter.value = state.filter;
    hidden.checked = state.showHidden;
    group.show();
    count.textContent = `${listed.length} of ${app.runs().length} runs, ${drawn.size} drawn`;
    list.show(listed, state.group, drawn);
  };
  return { element, update, focusFilter: () => filter.focus() };
};
