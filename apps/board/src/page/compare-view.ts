/** Two runs side by side: their cfgs line by line, and the parameters that differ. */
import type { App } from './app.ts';
import { cfgDiff } from './cfg-diff.ts';
import { choice, h, labelled } from './dom.ts';
import { parameterTable } from './parameter-table.ts';
import type { RunView } from './source.ts';

/** Those that were picked, and of the selected ones as many as are missing. */
const pairOf = (app: App): readonly RunView[] => {
  const picked = app.state().compare.flatMap((id) => app.runs().find((run) => run.id.startsWith(id)) ?? []);
  const others = app.selected().filter((run) => !picked.includes(run));
  return [...picked, ...others].slice(0, 2);
};

export const compareView = (app: App) => {
  const body = h('div', { class: 'compare' });
  const pickers = h('div', { class: 'tools' });
  const element = h('div', {}, pickers, body);
  let shown = '';

  const compare = async (a: RunView, b: RunView, key: string): Promise<void> => {
    const [left, right] = await Promise.all([app.source.files(a.id), app.source.files(b.id)]);
    if (key !== shown) return;
    const table = parameterTable({ label: app.label(a), params: a.params }, { label: app.label(b), params: b.params });
    body.replaceChildren(h('h2', {}, 'Networks'), cfgDiff(left.cfg, right.cfg), h('h2', {}, 'Parameters'), table);
  };

  const update = (): void => {
    const [a, b] = pairOf(app);
    const options = app.runs().map((run) => [run.id, app.label(run)] as const);
    const key = JSON.stringify([a?.id, b?.id, options]);
    if (key === shown) return;
    shown = key;
    if (!a || !b) {
      body.replaceChildren(h('p', { class: 'empty' }, 'Two runs are needed to compare them.'));
      return;
    }
    const left = choice(options, a.id, (id) => app.set({ compare: [id, b.id] }));
    const right = choice(options, b.id, (id) => app.set({ compare: [a.id, id] }));
    pickers.replaceChildren(labelled('Left', left), labelled('Right', right));
    void compare(a, b, key);
  };
  return { element, update };
};
