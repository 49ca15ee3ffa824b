/** The rows of the runs in their groups; what has not changed stays, so that focus and scrolling do. */
import type { App } from './app.ts';
import { button, h, replaceChildren } from './dom.ts';
import { type Group, grouped } from './run-groups.ts';
import { type RunRow, runRow } from './run-row.ts';
import type { RunView } from './source.ts';

type Section = { readonly element: HTMLElement; readonly rows: HTMLElement };

const sectionOf = (app: App, { title, runs }: Group): Section => {
  const rows = h('ul', {});
  if (title === '') return { element: h('section', {}, rows), rows };
  const select = button('select', () => app.set({ selected: runs.map(({ id }) => id) }), {
    'aria-label': `Select only ${title}`,
  });
  return { element: h('section', {}, h('h2', {}, `${title} (${runs.length}) `, select), rows), rows };
};

export const runList = (app: App) => {
  const element = h('div', { class: 'run-list' });
  const rows = new Map<string, RunRow>();
  const sections = new Map<string, Section>();

  const rowOf = (run: RunView): RunRow => {
    const row = rows.get(run.id) ?? runRow(app, run);
    rows.set(run.id, row);
    return row;
  };
  const sectionFor = (by: string, group: Group): Section => {
    const key = `${by} ${group.title} ${group.runs.length}`;
    const section = sections.get(key) ?? sectionOf(app, group);
    sections.set(key, section);
    return section;
  };
  return {
    element,
    /** `by`: what they are grouped by; `drawn`: ids of those whose curves are. */
    show: (runs: readonly RunView[], by: string, drawn: ReadonlySet<string>): void => {
      for (const run of runs) rowOf(run).show(run, drawn.has(run.id));
      const shown = grouped(runs, by).map((group) => {
        const section = sectionFor(by, group);
        replaceChildren(
          section.rows,
          group.runs.map((run) => rowOf(run).element),
        );
        return section.element;
      });
      replaceChildren(element, shown);
    },
  };
};
