/** A colour for each run: the one that was chosen for it, else one of a palette that colour-blind readers can tell apart. */
import type { RunView } from './source.ts';

/** Okabe and Ito's, without black, which is no colour on a dark page, and three more that keep apart from them. */
const colors = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#8c8c00',
  '#7570b3',
  '#a6761d',
  '#e7298a',
];

/** By age, so that a new run leaves the others as they are. */
export const colorsOf = (runs: readonly RunView[]): ReadonlyMap<string, string> => {
  const byAge = [...runs].sort((a, b) => a.started - b.started || (a.id < b.id ? -1 : 1));
  return new Map(byAge.map(({ id, preference }, i) => [id, preference.color ?? colors[i % colors.length]]));
};
