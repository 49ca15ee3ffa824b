/** What the page shows, as it stands in the URL: a link shows the same to whoever opens it. */

export type View = 'charts' | 'runs' | 'compare' | 'evaluation' | 'pictures';
export type Axis = 'step' | 'relative' | 'time';

/** Of one chart; what is missing is as everywhere. */
export type ChartSettings = {
  readonly log?: boolean;
  readonly maxX?: number;
  readonly maxY?: number;
  readonly smooth?: number;
};

export type State = {
  readonly view: View;
  /** Ids of runs; undefined: the newest ones. */
  readonly selected: readonly string[] | undefined;
  readonly axis: Axis;
  /** Steps of the moving average; 0 for none. */
  readonly smooth: number;
  /** The raw curve behind the smoothed one. */
  readonly raw: boolean;
  readonly filter: string;
  /** `experiment`, `status`, `param:<key>`, or nothing. */
  readonly group: string;
  /** Ids of charts that are not shown. */
  readonly hiddenCharts: readonly string[];
  readonly settings: Readonly<Record<string, ChartSettings>>;
  /** What the x axis of every chart spans, in its own unit. */
  readonly zoom: readonly [number, number] | undefined;
  readonly sort: string;
  readonly compare: readonly string[];
  readonly showHidden: boolean;
};

/** Smoothing as in the original. */
export const initial: State = {
  view: 'charts',
  selected: undefined,
  axis: 'step',
  smooth: 300,
  raw: true,
  filter: '',
  group: '',
  hiddenCharts: [],
  settings: {},
  zoom: undefined,
  sort: '-started',
  compare: [],
  showHidden: false,
};

const views: readonly View[] = ['charts', 'runs', 'compare', 'evaluation', 'pictures'];
const axes: readonly Axis[] = ['step', 'relative', 'time'];

const settingText = ({ log, maxX, maxY, smooth }: ChartSettings): string =>
  [
    log ? 'l' : '',
    maxX === undefined ? '' : `x${maxX}`,
    maxY === undefined ? '' : `y${maxY}`,
    smooth === undefined ? '' : `s${smooth}`,
  ]
    .filter((part) => part !== '')
    .join('_');

const settingOf = (text: string): ChartSettings => {
  const parts = text.split('_');
  const number = (letter: string): number | undefined => {
    const found = parts.find((part) => part.startsWith(letter))?.slice(1);
    return found === undefined || found === '' || !Number.isFinite(Number(found)) ? undefined : Number(found);
  };
  const [maxX, maxY, smooth] = [number('x'), number('y'), number('s')];
  return {
    ...(parts.includes('l') && { log: true }),
    ...(maxX !== undefined && { maxX }),
    ...(maxY !== undefined && { maxY }),
    ...(smooth !== undefined && { smooth }),
  };
};

/** Only what differs from the start. */
export const toHash = (state: State): string => {
  const query = new URLSearchParams();
  const put = (name: string, value: string, usual: string): void => {
    if (value !== usual) query.set(name, value);
  };
  put('view', state.view, initial.view);
  if (state.selected) query.set('runs', state.selected.map((id) => id.slice(0, 12)).join('.'));
  put('x', state.axis, initial.axis);
  put('smooth', String(state.smooth), String(initial.smooth));
  put('raw', state.raw ? '1' : '0', '1');
  put('q', state.filter, '');
  put('group', state.group, '');
  put('without', state.hiddenCharts.join('~'), '');
  put('zoom', state.zoom?.map((end) => Number(end.toPrecision(9))).join('~') ?? '', '');
  put('sort', state.sort, initial.sort);
  put('diff', state.compare.map((id) => id.slice(0, 12)).join('.'), '');
  put('all', state.showHidden ? '1' : '', '');
  for (const [id, settings] of Object.entries(state.settings)) put(`c:${id}`, settingText(settings), '');
  return query.toString();
};

/** Anything that is not understood is as at the start. */
export const fromHash = (hash: string): State => {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const list = (name: string, by: string): readonly string[] =>
    (query.get(name) ?? '').split(by).filter((part) => part !== '');
  const zoom = list('zoom', '~').map(Number);
  const smooth = Number(query.get('smooth') ?? initial.smooth);
  return {
    view: views.find((view) => view === query.get('view')) ?? initial.view,
    selected: query.has('runs') ? list('runs', '.') : undefined,
    axis: axes.find((axis) => axis === query.get('x')) ?? initial.axis,
    smooth: Number.isInteger(smooth) && smooth >= 0 ? smooth : initial.smooth,
    raw: query.get('raw') !== '0',
    filter: query.get('q') ?? '',
    group: query.get('group') ?? '',
    hiddenCharts: list('without', '~'),
    settings: Object.fromEntries(
      [...query].flatMap(([name, text]) => (name.startsWith('c:') ? [[name.slice(2), settingOf(text)]] : [])),
    ),
    zoom: zoom.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] ? [zoom[0], zoom[1]] : undefined,
    sort: query.get('sort') ?? initial.sort,
    compare: list('diff', '.'),
    showHidden: query.get('all') === '1',
  };
};
