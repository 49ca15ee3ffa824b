/** Two runs side by side: their cfgs line by line, and the parameters that differ. */
import type { App } from './app.ts';
import { choice, h, labelled } from './dom.ts';
import { type DiffLine, lineDiff } from './line-diff.ts';
import type { RunView } from './source.ts';

const signs: Readonly<Record<DiffLine['kind'], string>> = { same: ' ', removed: '−', added: '+' };
const words: Readonly<Record<DiffLine['kind'], string>> = { same: '', removed: 'removed: ', added: 'added: ' };
/** Unchanged lines kept around a change. */
const around = 3;

/** Long stretches without a change are folded into one line. */
export const folded = (lines: readonly DiffLine[]): readonly (DiffLine | number)[] => {
  const kept = lines.map((_, i) =>
    lines.slice(Math.max(0, i - around), i + around + 1).some(({ kind }) => kind !== 'same'),
  );
  const out: (DiffLine | number)[] = [];
  for (const [i, line] of lines.entries()) {
    if (kept[i]) out.push(line);
    else if (typeof out[out.length - 1] === 'number') out[out.length - 1] = (out[out.length - 1] as number) + 1;
    else out.push(1);
  }
  return out;
};

export const compareView = (app: App) => {
  const body = h('div', { class: 'compare' });
  const pickers = h('div', { class: 'tools' });
  const element = h('div', {}, pickers, body);
  let shown = '';

  const pair = (): readonly RunView[] => {
    const picked = app.state().compare.flatMap((id) => app.runs().find((run) => run.id.startsWith(id)) ?? []);
    const others = app.selected().filter((run) => !picked.includes(run));
    return [...picked, ...others].slice(0, 2);
  };

  const difference = (a: RunView, b: RunView): HTMLElement => {
    const keys = [...new Set([...Object.keys(a.params), ...Object.keys(b.params)])].sort();
    const rows = keys.filter((key) => a.params[key] !== b.params[key]);
    if (rows.length === 0) return h('p', {}, 'All parameters are the same.');
    return h(
      'table',
      { class: 'params' },
      h('caption', {}, `Parameters that differ: ${rows.length} of ${keys.length}`),
      h(
        'thead',
        {},
        h('tr', {}, ...['Parameter', app.label(a), app.label(b)].map((text) => h('th', { scope: 'col' }, text))),
      ),
      h(
        'tbody',
        {},
        ...rows.map((key) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, key),
            h('td', {}, a.params[key] ?? '–'),
            h('td', {}, b.params[key] ?? '–'),
          ),
        ),
      ),
    );
  };

  const cfgs = (left: string | null, right: string | null): HTMLElement => {
    if (left === null || right === null) return h('p', {}, 'The cfg of at least one of the two is not known.');
    const lines = lineDiff(left, right);
    if (lines.every(({ kind }) => kind === 'same')) return h('p', {}, 'The networks are the same, line by line.');
    return h(
      'ol',
      { class: 'diff', 'aria-label': 'Lines of the two cfgs', tabindex: 0 },
      ...folded(lines).map((line) =>
        typeof line === 'number'
          ? h('li', { class: 'fold' }, `… ${line} lines the same`)
          : h(
              'li',
              { class: line.kind },
              h('span', { 'aria-hidden': 'true' }, signs[line.kind]),
              h('span', { class: 'spoken' }, words[line.kind]),
              ` ${line.text}`,
            ),
      ),
    );
  };

  const update = (): void => {
    const [a, b] = pair();
    const options = app.runs().map((run) => [run.id, app.label(run)] as const);
    const key = JSON.stringify([a?.id, b?.id, options]);
    if (key === shown) return;
    shown = key;
    if (!a || !b) {
      body.replaceChildren(h('p', { class: 'empty' }, 'Two runs are needed to compare them.'));
      return;
    }
    pickers.replaceChildren(
      labelled(
        'Left',
        choice(options, a.id, (id) => app.set({ compare: [id, b.id] })),
      ),
      labelled(
        'Right',
        choice(options, b.id, (id) => app.set({ compare: [a.id, id] })),
      ),
    );
    void Promise.all([app.source.files(a.id), app.source.files(b.id)]).then(([left, right]) => {
      if (key === shown)
        body.replaceChildren(
          h('h2', {}, 'Networks'),
          cfgs(left.cfg, right.cfg),
          h('h2', {}, 'Parameters'),
          difference(a, b),
        );
    });
  };
  return { element, update };
};
