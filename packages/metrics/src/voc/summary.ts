/** The lines of voc_reval. */
import type { VocResult } from './evaluate.ts';

/** C's `%.12g`, in which Python 2 prints a number. */
export const formatG12 = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const short = Number(value.toPrecision(12));
  const exponent = short === 0 ? 0 : Math.floor(Math.log10(Math.abs(short)));
  if (exponent >= -4 && exponent < 12) return String(short);
  const [digits, power] = short.toExponential().split('e');
  return `${digits}e${power[0]}${power.slice(1).padStart(2, '0')}`;
};

/** A line a threshold and the mean: what voc_reval prints at its end. No final newline. */
export const vocSummary = ({ perThreshold, mean }: Pick<VocResult, 'perThreshold' | 'mean'>): string =>
  [
    ...perThreshold.map(({ threshold, mAP }) => `Threshold: ${threshold.toFixed(2)} | mAP: ${mAP.toFixed(3)}`),
    `mAP: ${formatG12(mean)}`,
  ].join('\n');

/** The whole of voc_reval's output: for each threshold the classes and their mean, then the summary. */
export const vocReport = (result: VocResult): string => {
  const metric = result.params.overlap === 'giou' ? 'GIOU' : 'IOU';
  const blocks = result.perThreshold.map(({ threshold, mAP, ap }) => {
    const values = Object.entries(ap);
    return [
      `${metric} Threshold: ${threshold}`,
      `VOC07 metric? ${result.params.rule === '07' ? 'Yes' : 'No'}`,
      ...values.map(([name, value]) => `AP for ${name} = ${value.toFixed(4)}`),
      `Mean AP = ${mAP.toFixed(4)}`,
      '~~~~~~~~',
      'Results:',
      ...values.map(([, value]) => value.toFixed(3)),
      mAP.toFixed(3),
      '~~~~~~~~',
      '',
    ].join('\n');
  });
  return [...blocks, vocSummary(result)].join('\n');
};
