/** All runs as a table: parameters that differ, last values of metrics, sorted by any of them. */
import type { App } from './app.ts';
import { button, checkbox, h, save } from './dom.ts';
import { csvCell } from './downloads.ts';
import { date, duration, figure } from './format.ts';
import { stateOf } from './run-groups.ts';
import type { RunView } from './source.ts';

type Column = {
  readonly id: string;
  readonly title: string;
  readonly text: (run: RunView) => string;
  /** Numbers before texts, what is missing last. */
  readonly order: (run: RunView) => number | string | undefined;
};

const numeric = (text: string | undefined): number | string | undefined =>
  text === undefined ? undefined : text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

const fixed: readonly Column[] = [
  { id: 'status', title: 'State', text: stateOf, order: stateOf },
  {
    id: 'experiment',
    title: 'Experiment',
    text: ({ experiment }) => experiment,
    order: ({ experiment }) => experiment,
  },
  { id: 'started', title: 'Started', text: ({ started }) => date(started), order: ({ started }) => started },
  {
    id: 'duration',
    title: 'Duration',
    text: ({ started, ended, updated }) => duration(((ended ?? updated) - started) / 1000),
    order: ({ started, ended, updated }) => (ended ?? updated) - started,
  },
];

const mostColumns = 40;

/** A parameter that is the same in all runs tells none from another. */
const columnsOf = (runs: readonly RunView[]): readonly Column[] => {
  const params = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort();
  const telling = params.filter((key) => new Set(runs.map((run) => run.params[key])).size > 1);
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort();
  return [
    ...fixed,
    ...metrics.map((key): Column => {
      const value = (run: RunView): number | undefined =>
        run.metrics[key] ? Number(run.metrics[key].value) : undefined;
      return {
        id: `m:${key}`,
        title: key,
        text: (run) => (value(run) === undefined ? '' : figure(value(run) ?? 0)),
        order: value,
      };
    }),
    ...telling.map(
      (key): Column => ({
        id: `p:${key}`,
        title: key,
        text: ({ params: mine }) => mine[key] ?? '',
        order: ({ params: mine }) => numeric(mine[key]),
      }),
    ),
  ].slice(0, mostColumns);
};

const compare = (a: number | string | undefined, b: number | string | undefined): number => {
  const rank = (value: unknown): number =>
    value === undefined || Number.isNaN(value) ? 2 : typeof value === 'string' ? 1 : 0;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return a === b || a === undefined || b === undefined ? 0 : a < b ? -1 : 1;
};

export const sortRuns = (runs: readonly RunView[], columns: readonly Column[], sort: string): readonly RunView[] => {
  const down = sort.startsWith('-');
  const column = columns.find(({ id }) => id === sort.replace(/^-/, ''));
  if (!column) return runs;
  const missing = (run: RunView): boolean => column.order(run) === undefined || Number.isNaN(column.order(run));
  return [...runs].sort((a, b) => {
    // What is missing stays last, whichever way.
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
    return compare(column.order(a), column.order(b)) * (down ? -1 : 1);
  });
};

export const tableView = (app: App) => {
  const element = h('div', { class: 'table-view' });
  const nameColumn: Column = { id: 'name', title: 'Run', text: app.label, order: app.label };
  const update = (): void => {
    const { sort, compare: picked } = app.state();
    const runs = app.listed();
    const columns = columnsOf(runs);
    const sorted = sortRuns(runs, [nameColumn, ...columns], sort);
    const chosen = new Set(app.selected().map(({ id }) => id));
    const head = ({ id, title }: Column): HTMLElement => {
      const [up, down] = [sort === id, sort === `-${id}`];
      const press = button(title, () => app.set({ sort: up ? `-${id}` : id }));
      press.dataset.column = id;
      return h('th', { scope: 'col', 'aria-sort': up ? 'ascending' : down ? 'descending' : 'none' }, press);
    };
    const row = (run: RunView): HTMLElement =>
      h(
        'tr',
        {},
        h(
          'td',
          {},
          checkbox(chosen.has(run.id), (on) => app.select(run.id, on), { 'aria-label': `Draw ${app.label(run)}` }),
        ),
        h(
          'td',
          {},
          checkbox(
            picked.some((id) => run.id.startsWith(id)),
            (on) =>
              app.set({ compare: on ? [...picked, run.id].slice(-2) : picked.filter((id) => !run.id.startsWith(id)) }),
            { 'aria-label': `Compare ${app.label(run)}` },
          ),
        ),
        h('th', { scope: 'row' }, app.label(run)),
        ...columns.map(({ text }) => h('td', {}, text(run))),
      );
    const csv = button('CSV', () => {
      const lines = [
        ['Run', 'id', ...columns.map(({ title }) => title)],
        ...sorted.map((run) => [app.label(run), run.id, ...columns.map(({ text }) => text(run))]),
      ];
      save('runs.csv', new Blob([lines.map((line) => line.map(csvCell).join(',')).join('\n')], { type: 'text/csv' }));
    });
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.column;
    element.replaceChildren(
      h(
        'div',
        { class: 'tools' },
        csv,
        h('span', { class: 'about' }, 'Tick two runs under “diff” to compare their networks.'),
      ),
      h(
        'div',
        { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of runs' },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', { scope: 'col' }, 'draw'),
              h('th', { scope: 'col' }, 'diff'),
              head(nameColumn),
              ...columns.map(head),
            ),
          ),
          h('tbody', {}, ...sorted.map(row)),
        ),
      ),
    );
    if (focused) element.querySelector<HTMLElement>(`[data-column="${CSS.escape(focused)}"]`)?.focus();
  };
  return { element, update };
};
