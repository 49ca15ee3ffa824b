/** What a mini-batch cost. */
import { statisticNames } from '../loss/statistics.ts';

/** The statistics of each head, as the compiled step gives them. */
export type Values = readonly ArrayLike<number>[];

const at = statisticNames.indexOf('cost');

/** The mean over the heads. */
export const costOf = (heads: Values): number => heads.reduce((sum, values) => sum + values[at], 0) / heads.length;
