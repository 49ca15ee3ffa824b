/** C's `%f`: six decimals, exact ties to even. */
export const fixed6 = (value: number): string => {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  // Of binary fractions only odd multiples of 1/128 lie halfway between two of six decimals; toFixed rounds those up.
  const ticks = Math.abs(value * 128);
  if (ticks % 2 !== 1) return Object.is(value, -0) ? '-0.000000' : value.toFixed(6);
  const below = (ticks * 15625 - 1) / 2;
  const digits = String(below % 2 === 0 ? below : below + 1).padStart(7, '0');
  return `${value < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
};
