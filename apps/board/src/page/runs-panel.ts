/** The list of runs beside the charts: choose, colour, name, hide, delete, filter, group. */
import type { App } from './app.ts';
import { button, checkbox, choice, h, labelled, on, replaceChildren } from './dom.ts';
import type { RunView } from './source.ts';

const statusText: Readonly<Record<string, string>> = {
  ...{ RUNNING: 'running', FINISHED: 'finished', FAILED: 'failed', KILLED: 'interrupted', SCHEDULED: 'scheduled' },
};

/** A run that is killed cannot say so: one without news for this long is marked. */
const quietMs = 15 * 60_000;

export const stateOf = ({ status, updated }: RunView): string =>
  status === 'RUNNING' && Date.now() - updated > quietMs ? 'no news' : (statusText[status] ?? status);

const lastStep = ({ metrics }: RunView): number =>
  Object.values(metrics).reduce((most, { step }) => Math.max(most, step), 0);

const groupOf = (run: RunView, group: string): string => {
  if (group === 'experiment') return run.experiment;
  if (group === 'status') return stateOf(run);
  return group.startsWith('param:') ? `${group.slice(6)} = ${run.params[group.slice(6)] ?? 'none'}` : '';
};

/** Typing is saved a moment after it ends, as in the original. */
const typedMs = 600;

const rowOf = (app: App, first: RunView) => {
  let run = first;
  const box = checkbox(false, (selected) => app.select(run.id, selected), { id: `run-${run.id}` });
  const color = on(h('input', { type: 'color', 'aria-label': `Colour of ${run.name}` }), {
    change: () => void app.prefer(run.id, { color: color.value }),
  });
  const name = h('label', { for: `run-${run.id}`, class: 'name' });
  const about = h('span', { class: 'about' });
  let timer = 0;
  const nice = on(
    h('input', { type: 'text', placeholder: 'nice name', 'aria-label': `Nice name of ${run.name}`, maxlength: 200 }),
    {
      input: () => {
        clearTimeout(timer);
        timer = window.setTimeout(() => void app.prefer(run.id, { name: nice.value }), typedMs);
      },
    },
  );
  const notes = on(
    h('textarea', { placeholder: 'notes', 'aria-label': `Notes on ${run.name}`, rows: 2, maxlength: 10_000 }),
    {
      change: () => void app.prefer(run.id, { notes: notes.value }),
    },
  );
  const hide = button('Hide', () => {
    const hidden = !run.preference.hidden;
    void app.prefer(run.id, { hidden }).then(() => app.announce(`${run.name} is ${hidden ? 'hidden' : 'shown'}`));
  });
  const remove = button('Delete', () => {
    const what =
      run.source === 'disk'
        ? 'It is hidden here and in the original board; its files stay.'
        : 'Its logs leave the board.';
    if (confirm(`Delete ${app.label(run)}? ${what}`))
      void app.remove(run.id).then(() => app.announce(`${run.name} is deleted`));
  });
  const { exportUrl } = app.source;
  const faults = h('details', { class: 'faults', hidden: true }, h('summary'), h('ul'));
  const more = h(
    'details',
    { class: 'more' },
    h('summary', { 'aria-label': `More about ${run.name}` }, '⋯'),
    h(
      'div',
      { class: 'more-body' },
      ...[nice, notes],
      h(
        'p',
        {},
        hide,
        ' ',
        app.source.remove && remove,
        ' ',
        exportUrl && h('a', { href: exportUrl(run.id), download: '' }, 'All points (CSV)'),
      ),
      faults,
    ),
  );
  const element = h('li', { class: 'run' }, h('div', { class: 'line' }, box, color, name, more), about);
  return {
    element,
    update: (next: RunView, selected: boolean) => {
      run = next;
      box.checked = selected;
      name.textContent = app.label(run);
      name.title = run.name;
      color.value = app.color(run.id);
      if (document.activeElement !== nice) nice.value = run.preference.name ?? '';
      if (document.activeElement !== notes) notes.value = run.preference.notes ?? '';
      hide.textContent = run.preference.hidden ? 'Show' : 'Hide';
      element.classList.toggle('is-hidden', run.preference.hidden === true);
      about.textContent = `${stateOf(run)}, step ${lastStep(run)}`;
      about.dataset.status = stateOf(run);
      const [summary, list] = [faults.children[0], faults.children[1]];
      faults.hidden = run.faults.length === 0;
      summary.textContent = `${run.faults.length} lines could not be read`;
      list.replaceChildren();
      for (const fault of run.faults) list.append(h('li', {}, fault));
    },
  };
};

export const runsPanel = (app: App) => {
  const rows = new Map<string, ReturnType<typeof rowOf>>();
  const filter = on(
    h('input', {
      type: 'search',
      id: 'filter',
      placeholder: 'name, seed=3, loss/average<2',
      'aria-label': 'Filter runs',
    }),
    { input: () => app.set({ filter: filter.value }) },
  );
  const group = h('select', { id: 'group' });
  on(group, { change: () => app.set({ group: group.value }) });
  const hidden = checkbox(false, (showHidden) => app.set({ showHidden }));
  const list = h('div', { class: 'run-list' });
  const count = h('p', { class: 'about', role: 'status' });
  const all = button('All', () => app.set({ selected: app.listed().map(({ id }) => id) }));
  const none = button('None', () => app.set({ selected: [] }));
  const newest = button('Newest', () => app.set({ selected: undefined }), {
    title: 'the ten newest, and new ones as they come',
  });
  const element = h(
    'nav',
    { class: 'panel', 'aria-label': 'Runs' },
    h(
      'details',
      { class: 'drawer', open: true },
      h('summary', {}, 'Experiments'),
      filter,
      h('p', { class: 'row' }, labelled('Group', group), h('label', {}, hidden, ' hidden')),
      h('p', { class: 'row' }, all, none, newest),
      count,
      list,
    ),
  );

  const groups = (): readonly (readonly [string, string])[] => {
    const values = new Map<string, Set<string>>();
    for (const { params } of app.runs()) {
      for (const [key, value] of Object.entries(params)) values.set(key, (values.get(key) ?? new Set()).add(value));
    }
    const params = [...values]
      .filter(([, set]) => set.size > 1 && set.size <= 20)
      .map(([key]) => [`param:${key}`, key] as const);
    return [['', 'none'], ['experiment', 'experiment'], ['status', 'status'], ...params];
  };

  const sectionOf = (title: string, runs: readonly RunView[]): HTMLElement => {
    const select = button('select', () => app.set({ selected: runs.map(({ id }) => id) }), {
      'aria-label': `Select only ${title}`,
    });
    const section = h('section', {}, h('h2', {}, `${title} (${runs.length}) `, select), h('ul', {}));
    return section;
  };

  const sections = new Map<string, HTMLElement>();
  const update = (): void => {
    const state = app.state();
    const listed = app.listed();
    const chosen = new Set(app.selected().map(({ id }) => id));
    if (document.activeElement !== filter) filter.value = state.filter;
    hidden.checked = state.showHidden;
    const options = groups();
    if (group.options.length !== options.length) {
      group.replaceChildren(...options.map(([value, text]) => h('option', { value }, text)));
    }
    group.value = state.group;
    count.textContent = `${listed.length} of ${app.runs().length} runs, ${chosen.size} drawn`;
    for (const run of listed) {
      const row = rows.get(run.id) ?? rowOf(app, run);
      rows.set(run.id, row);
      row.update(run, chosen.has(run.id));
    }
    const names = [...new Set(listed.map((run) => groupOf(run, state.group)))].sort((a, b) => a.localeCompare(b));
    const shown = names.map((name) => {
      const mine = listed.filter((run) => groupOf(run, state.group) === name);
      const key = `${state.group} ${name} ${mine.length}`;
      const section = sections.get(key) ?? (name === '' ? h('section', {}, h('ul', {})) : sectionOf(name, mine));
      sections.set(key, section);
      const items = section.querySelector('ul');
      if (items)
        replaceChildren(
          items,
          mine.flatMap(({ id }) => rows.get(id)?.element ?? []),
        );
      return section;
    });
    replaceChildren(list, shown);
  };
  return { element, update, focusFilter: () => filter.focus(), choice };
};
