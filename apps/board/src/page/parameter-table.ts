/** The parameters in which two runs differ. */
import { h } from './dom.ts';

export type Parameters = { readonly label: string; readonly params: Readonly<Record<string, string>> };

export const parameterTable = (a: Parameters, b: Parameters): HTMLElement => {
  const keys = [...new Set([...Object.keys(a.params), ...Object.keys(b.params)])].sort();
  const differing = keys.filter((key) => a.params[key] !== b.params[key]);
  if (differing.length === 0) return h('p', {}, 'All parameters are the same.');
  const heads = ['Parameter', a.label, b.label].map((text) => h('th', { scope: 'col' }, text));
  const rows = differing.map((key) => {
    const cells = [a, b].map(({ params }) => h('td', {}, params[key] ?? '–'));
    return h('tr', {}, h('th', { scope: 'row' }, key), ...cells);
  });
  return h(
    'table',
    { class: 'params' },
    h('caption', {}, `Parameters that differ: ${differing.length} of ${keys.length}`),
    h('thead', {}, h('tr', {}, ...heads)),
    h('tbody', {}, ...rows),
  );
};
