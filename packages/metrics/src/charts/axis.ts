/** Scales: from figures to pixels, and the round figures at which an axis is marked. */

export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly label: (tick: number) => string;
}

export type ScaleKind = 'linear' | 'log';

/** Steps of 1, 2 or 5 times a power of ten, about `count` of them. */
const linearTicks = (low: number, high: number, count: number): readonly number[] => {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Products of a whole number and the step, rounded to the digits of the step: 0.3, not 0.30000000000000004.
  const digits = Math.max(0, Math.min(20, 1 - Math.floor(Math.log10(step))));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(digits)));
};

/** Powers of ten; with fewer than two of them in sight also their double and quintuple. */
const logTicks = (low: number, high: number): readonly number[] => {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const steps = to - from > 2 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const every = Math.ceil(powers.length / 10);
  return powers
    .filter((_, i) => i % every === 0)
    .flatMap((power) => steps.map((step) => Number(`${step}e${power}`)))
    .filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
};

/** One unit for a whole axis, chosen by its largest mark: 8k beside 10k, not 8000. */
const labelOf = (ticks: readonly number[]): ((tick: number) => string) => {
  const most = Math.max(...ticks.map(Math.abs));
  const [unit, suffix] = most >= 1e9 ? [1, ''] : most >= 1e6 ? [1e6, 'M'] : most >= 1e4 ? [1e3, 'k'] : [1, ''];
  return (tick) => {
    const size = Math.abs(tick);
    if (tick !== 0 && (size >= 1e9 || size < 1e-3)) return tick.toExponential().replace('e+', 'e');
    return tick === 0 || size < unit / 1e3 ? String(tick) : `${Number((tick / unit).toPrecision(6))}${suffix}`;
  };
};

/** A range of no length is widened, so that one point can be drawn. */
const widened = (low: number, high: number, kind: ScaleKind): readonly [number, number] => {
  if (low < high) return [low, high];
  if (kind === 'log') return [low / 2, high * 2];
  const by = low === 0 ? 1 : Math.abs(low) / 2;
  return [low - by, high + by];
};

/** Maps `[low, high]` to the pixels `[from, to]`, marks about `spacing` pixels apart. A log scale needs `low` above 0. */
export const scaleOf = (
  kind: ScaleKind,
  range: readonly [number, number],
  from: number,
  to: number,
  spacing = 70,
): Scale => {
  const [low, high] = widened(range[0], range[1], kind);
  const measure = kind === 'log' ? Math.log10 : (value: number): number => value;
  const [start, end] = [measure(low), measure(high)];
  const count = Math.max(2, Math.floor(Math.abs(to - from) / spacing));
  const ticks = kind === 'log' ? logTicks(low, high) : linearTicks(low, high, count);
  return {
    at: (value) => from + ((measure(value) - start) / (end - start)) * (to - from),
    ticks,
    label: labelOf(ticks),
  };
};
