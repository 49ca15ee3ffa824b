/** A result for loggers, tables and files: a flat dictionary, Markdown, CSV, plain JSON. */
import { checkOptions, oneOf, rule } from '../check/options.ts';
import type { CocoParams } from './params.ts';
import type { AnyFigures } from './result.ts';

/** How the limits are named: AR1, AR10, AR100 are COCO's, whatever the limits of an evaluation are. */
const nameOf = (name: string, { maxDets }: Pick<CocoParams, 'maxDets'>): string => {
  const place = ['AR1', 'AR10', 'AR100'].indexOf(name);
  return place < 0 || maxDets[place] === undefined ? name : `AR${maxDets[place]}`;
};

/**
 * The numbers by their names, as loggers take them: `{ AP: 0.41, AP50: 0.6, ..., 'AP/dog': 0.5, ... }`. Numbers without a
 * value (-1) are left out.
 */
export const metricDictionary = (
  { stats, names, perCategory, params }: AnyFigures,
  options: { readonly prefix?: string | undefined; readonly categories?: boolean | undefined } = {},
): Readonly<Record<string, number>> => {
  checkOptions(options, {
    prefix: rule((value) => typeof value === 'string', 'a text'),
    categories: rule((value) => typeof value === 'boolean', 'true or false'),
  });
  const { prefix = '', categories = true } = options;
  const seen = new Map<string, number>();
  for (const { name } of perCategory) seen.set(name, (seen.get(name) ?? 0) + 1);
  const own = names.map((name, i) => [`${prefix}${nameOf(name, params)}`, stats[i]] as const);
  const byCategory = perCategory.map(
    ({ id, name, AP }) => [`${prefix}AP/${(seen.get(name) ?? 0) > 1 ? `${name} ${id}` : name}`, AP] as const,
  );
  return Object.fromEntries([...own, ...(categories ? byCategory : [])].filter(([, value]) => value > -1));
};

interface NamedRow {
  readonly name: string;
  /** By the names of the numbers. */
  readonly figures: Readonly<Record<string, number>>;
}

const cells = ({ figures }: NamedRow, names: readonly string[]): readonly (number | undefined)[] =>
  names.map((name) => (figures[name] > -1 ? figures[name] : undefined));

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const escaped = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

/**
 * A row a category and one of all: AP, AP50, AP75, small, medium, large, AR. Markdown in points (0 to 100, one decimal),
 * CSV in full precision; a number without a value is empty.
 */
export const categoryTable = (
  result: AnyFigures,
  options: { readonly format?: 'markdown' | 'csv' | undefined } = {},
): string => {
  checkOptions(options, { format: oneOf('markdown', 'csv') });
  const { names, stats, perCategory, params } = result;
  const titles = ['category', ...names.map((name) => nameOf(name, params))];
  const rows: readonly NamedRow[] = [
    ...perCategory.map(({ name, id: _, ...figures }) => ({ name, figures })),
    { name: 'all', figures: Object.fromEntries(names.map((name, i) => [name, stats[i]])) },
  ];
  if (options.format === 'csv') {
    const lines = rows.map((row) => [quoted(row.name), ...cells(row, names).map((value) => value ?? '')].join(','));
    return `${[titles.join(','), ...lines].join('\n')}\n`;
  }
  const line = (values: readonly string[]): string => `| ${values.join(' | ')} |`;
  const points = (value: number | undefined): string => (value === undefined ? '' : (100 * value).toFixed(1));
  return `${[
    line(titles),
    line(titles.map((_, i) => (i === 0 ? '---' : '--:'))),
    ...rows.map((row) => line([escaped(row.name), ...cells(row, names).map(points)])),
  ].join('\n')}\n`;
};

/** Everything that was computed but the large arrays, as plain data for JSON: numbers by name, notes, parameters. */
export const plainResult = ({ stats, names, perCategory, perThreshold, params, notes }: AnyFigures) => ({
  stats,
  named: Object.fromEntries(names.map((name, i) => [nameOf(name, params), stats[i]])),
  perCategory,
  perThreshold,
  notes,
  params: { ...params, overlap: typeof params.overlap === 'string' ? params.overlap : 'own' },
});
