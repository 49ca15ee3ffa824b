/** The original's text of a head's statistics: the printed line (SPEC 5.7) and the `log.csv` fragment (SPEC 5.8). */
import type { HeadConfig } from './head.ts';
import type { HeadStatistics } from './statistics.ts';

/**
 * C's `%f`: six decimals, halves to even, every digit of a large number, NaN as the x86 division 0 / 0 prints it.
 */
export const percentF = (value: number): string => {
  if (Number.isNaN(value)) return '-nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.000000';
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`;
  // Odd multiples of 1/128 lie halfway between two texts; toFixed always goes away from zero.
  const halfway = Math.abs((value * 128) % 2) === 1;
  const below = value.toFixed(7).slice(0, -1);
  return halfway && Number(below.slice(-1)) % 2 === 0 ? below : value.toFixed(6);
};

/** One line, without its end; the parenthesis is never closed. `layer` is the layer's index in the network. */
export const regionLine = (
  { loss, iouNormalizer, clsNormalizer }: Pick<HeadConfig, 'loss' | 'iouNormalizer' | 'clsNormalizer'>,
  layer: number,
  s: HeadStatistics,
): string => {
  const mean = (value: number): string => percentF(s.count > 0 ? value : Number.NaN);
  const normalizers = `Normalizer: (iou: ${percentF(iouNormalizer)}, cls: ${percentF(clsNormalizer)})`;
  return [
    `v3 (${loss} loss, ${normalizers} Region ${layer} Avg (IOU: ${mean(s.iou)}, GIOU: ${mean(s.giou)})`,
    `Class: ${mean(s.classProbability)}`,
    `Obj: ${mean(s.objectness)}`,
    `No Obj: ${percentF(s.anyObjectness)}`,
    `.5R: ${mean(s.recall50)}`,
    `.75R: ${mean(s.recall75)}`,
    `count: ${s.count}`,
  ].join(', ');
};

/** What the head appends to `log.csv` for a mini-batch; nothing without positives. */
export const logFragment = (s: HeadStatistics): string =>
  s.count > 0
    ? `A${percentF(s.iou)},G${percentF(s.giou)},I${percentF(s.boxPart)},C${percentF(s.classPart)},T${percentF(s.cost)},`
    : '';
