/** The figures as text for people, as JSON, and as the rows of the README's table. */
import type { Check } from './comparison.ts';
import type { Machine } from './machine.ts';
import type { Row } from './speed.ts';

export type Peak = {
  readonly name: string;
  readonly precision: Row['precision'];
  /** GFLOP/s of a product of large matrices; null where it could not be had. */
  readonly ours: number | null;
  readonly theirs: number | null;
};

export type Report = {
  readonly machine: Machine;
  readonly sizes: 'full' | 'tiny';
  readonly checks: readonly Check[];
  readonly peaks: readonly Peak[];
  /** Microseconds of the processor to encode and submit one kernel of a replay. */
  readonly dispatch: number | null;
  readonly rows: readonly (Row & { readonly oursShare: number | null; readonly theirsShare: number | null })[];
  /** Whether all was measured, or the bench was ended before. */
  readonly complete: boolean;
  readonly seconds: number;
};

/** The better of what was measured on the spot. */
export const bestOf = (peaks: readonly Peak[], precision: Row['precision']): number | undefined => {
  const rates = peaks.filter((peak) => peak.precision === precision).flatMap(({ ours, theirs }) => [ours, theirs]);
  const known = rates.filter((rate) => rate !== null);
  return known.length > 0 ? Math.max(...known) : undefined;
};

export const withShares = (row: Row, peaks: readonly Peak[]): Report['rows'][number] => {
  const best = bestOf(peaks, row.precision);
  const share = (rate: number | null): number | null => (rate === null || best === undefined ? null : rate / best);
  return { ...row, oursShare: share(row.oursRate), theirsShare: share(row.theirsRate) };
};

const decimals = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
const percent = (value: number | null): string => (value === null ? '-' : `${(100 * value).toFixed(1)} %`);

const gflops = (rate: number | null): string => (rate === null ? '-' : `${rate.toFixed(rate < 100 ? 1 : 0)} GFLOP/s`);
export const peakLine = ({ name, precision, ours, theirs }: Peak): string =>
  `${name}, ${precision}: ours ${gflops(ours)}, theirs ${gflops(theirs)}`;

export const checkLine = ({ name, measure, error, tolerance, passed, refused }: Check): string =>
  refused === undefined
    ? `${passed ? 'ok    ' : 'WRONG '} ${name.padEnd(60)} ${measure.padEnd(8)} ${error.toExponential(1)} of at most ${tolerance}`
    : `cannot ${name}: ${refused}`;

export const rowHead = `${''.padEnd(52)}      ours   enqueue    theirs      ratio  ours of peak  theirs of peak`;
/** `known` is a note that was made before. */
export const rowLines = (row: Report['rows'][number], known?: string): readonly string[] => [
  [
    `${row.name} ${row.precision}`.padEnd(52),
    decimals(row.ours, 2).padStart(10),
    decimals(row.enqueue, 2).padStart(10),
    decimals(row.theirs, 2).padStart(10),
    decimals(row.ratio, 2).padStart(11),
    percent(row.oursShare).padStart(14),
    percent(row.theirsShare).padStart(16),
  ].join(''),
  ...row.notes.filter((note) => note !== known).map((note) => `    ${note}`),
];

/** Rows of "GPU figures" in the README. */
export const markdown = ({ machine, rows }: Report): string => {
  const cells = rows.map(({ name, precision, ours, theirs, ratio, oursShare, theirsShare }) => [
    name,
    precision,
    decimals(ours, 2),
    decimals(theirs, 2),
    decimals(ratio, 2),
    percent(oursShare),
    percent(theirsShare),
  ]);
  const head = ['', '', 'ours, ms', 'PyTorch, ms', 'ratio', 'ours of peak', 'PyTorch of peak'];
  const table = [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`);
  return [`${machine.adapter.name}; PyTorch: ${machine.peer}`, '', ...table, ''].join('\n');
};
