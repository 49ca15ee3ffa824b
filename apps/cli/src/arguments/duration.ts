/** Spans of time as options: `90s`, `10m`, `2h`. */
import type { Value } from './value.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds. */
export const duration: Required<Value<number>> = {
  expected: 'a time such as 90s, 10m or 2h',
  parse: (given) => {
    const [, amount, unit] = /^(\d+(?:[.]\d+)?)(ms|s|m|h|d)$/.exec(given) ?? [];
    const ms = Number(amount) * (units[unit] ?? Number.NaN);
    return ms > 0 ? ms : undefined;
  },
  show: (ms) => {
    const [unit, size] = Object.entries(units).findLast(([, size]) => ms % size === 0) ?? ['ms', 1];
    return `${ms / size}${unit}`;
  },
};
