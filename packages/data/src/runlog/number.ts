/** Numbers as C's printf and scanf see them. */

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const special: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY };

/** `nan`, `-nan` and `inf` included; undefined for anything else that is no number. */
export const parseNumber = (text: string): number | undefined => {
  if (decimal.test(text)) return Number(text);
  const value =
    special[
      text
        .toLowerCase()
        .replace(/^[+-]/, '')
        .replace(/^infinity$/, 'inf')
    ];
  return value === undefined ? undefined : text.startsWith('-') ? -value : value;
};

/** `%f`: six decimals. */
export const formatFixed = (value: number): string =>
  Number.isFinite(value) ? value.toFixed(6) : Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
