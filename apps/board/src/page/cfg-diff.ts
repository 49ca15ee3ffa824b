/** The cfgs of two runs, line by line. */
import { h } from './dom.ts';
import { type DiffLine, lineDiff } from './line-diff.ts';

const signs: Readonly<Record<DiffLine['kind'], string>> = { same: ' ', removed: '−', added: '+' };
const words: Readonly<Record<DiffLine['kind'], string>> = { same: '', removed: 'removed: ', added: 'added: ' };
/** Unchanged lines kept around a change. */
const around = 3;

/** Long stretches without a change are folded into one line: their number. */
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

const itemOf = (line: DiffLine | number): HTMLElement => {
  if (typeof line === 'number') return h('li', { class: 'fold' }, `… ${line} lines the same`);
  const { kind, text } = line;
  const sign = h('span', { 'aria-hidden': 'true' }, signs[kind]);
  return h('li', { class: kind }, sign, h('span', { class: 'spoken' }, words[kind]), ` ${text}`);
};

export const cfgDiff = (left: string | null, right: string | null): HTMLElement => {
  if (left === null || right === null) return h('p', {}, 'The cfg of at least one of the two is not known.');
  const lines = lineDiff(left, right);
  if (lines.every(({ kind }) => kind === 'same')) return h('p', {}, 'The networks are the same, line by line.');
  const attributes = { class: 'diff', 'aria-label': 'Lines of the two cfgs', tabindex: 0 };
  return h('ol', attributes, ...folded(lines).map(itemOf));
};
