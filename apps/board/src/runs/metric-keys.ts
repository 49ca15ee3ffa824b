/** Names of the metrics, and the letters of the original's chart data for them (SPEC 10.3). */

export const keyOfLetter = {
  A: 'accuracy/iou',
  G: 'accuracy/giou',
  I: 'loss/box',
  C: 'loss/class',
  T: 'loss/total',
  I_R: 'loss/box-share',
  C_R: 'loss/class-share',
} as const;

export type Letter = keyof typeof keyOfLetter;

export const averageLossKey = 'loss/average';
export const batchLossKey = 'loss/batch';
export const rateKey = 'rate';
export const stepTimeKey = 'time/step-ms';
export const waitTimeKey = 'time/wait-ms';

/** `metric` as in map.txt: `iou`, `giou`, `val2017-iou`, ... */
export const apKeys = (metric: string) =>
  ({ mean: `ap/${metric}`, at50: `ap50/${metric}`, at75: `ap75/${metric}` }) as const;

/** MLflow's limit and alphabet; a metric of a stranger's map.txt may hold anything. */
export const isKey = (key: string): boolean => key.length <= 250 && /^[\w\-. /:]+$/.test(key);
