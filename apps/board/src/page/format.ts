/** Figures for people. */

export const figure = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e7) ? value.toExponential(3) : String(Number(value.toPrecision(5)));
};

export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const [d, hours, minutes] = [Math.trunc(whole / 86_400), Math.trunc(whole / 3600) % 24, Math.trunc(whole / 60) % 60];
  if (d > 0) return `${d} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
};

export const date = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');
