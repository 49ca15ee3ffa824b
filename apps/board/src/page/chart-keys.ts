/**
 * The keys of a chart: left and right move the line, Home and End to the ends, plus and minus zoom, Escape shows all.
 */

/** What of a plot a key depends on. */
export type Seen = {
  /** The x of every column. */
  readonly x: ArrayLike<number>;
  /** The column that the line stands on. */
  readonly at: number | null | undefined;
  readonly min: number;
  readonly max: number;
};

export type ChartAct =
  | { readonly tag: 'read'; readonly at: number }
  | { readonly tag: 'zoom'; readonly zoom: readonly [number, number] | undefined };

const columnOf = (key: string, by: number, { x, at }: Seen): number | undefined => {
  const last = x.length - 1;
  const from = at ?? last;
  const to: Readonly<Record<string, number>> = { ArrowLeft: from - by, ArrowRight: from + by, Home: 0, End: last };
  return Object.hasOwn(to, key) ? Math.max(0, Math.min(last, to[key])) : undefined;
};

/** Undefined for a key that means nothing here. */
export const chartAct = (key: string, shift: boolean, seen: Seen): ChartAct | undefined => {
  const column = columnOf(key, shift ? 10 : 1, seen);
  if (column !== undefined) return { tag: 'read', at: column };
  if (key === 'Escape') return { tag: 'zoom', zoom: undefined };
  if (key !== '+' && key !== '-') return undefined;
  const { x, at, min, max } = seen;
  const middle = at === null || at === undefined ? (min + max) / 2 : x[at];
  const half = ((max - min) / 2) * (key === '+' ? 0.5 : 2);
  return { tag: 'zoom', zoom: [middle - half, middle + half] };
};
