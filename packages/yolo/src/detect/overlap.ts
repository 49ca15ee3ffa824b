/** What suppression can compare boxes by. */
import { type BoxColumn, type BoxOptions, diouPairs, giouPairs, iouPairs } from '@gdarknet/metrics';

/** Overlaps of one box with many. */
export type Overlaps = (one: BoxColumn, many: BoxColumn, options: BoxOptions) => Float64Array;

export const overlaps = { iou: iouPairs, giou: giouPairs, diou: diouPairs } as const satisfies Record<string, Overlaps>;
export type NmsKind = keyof typeof overlaps;
