/** What suppression can compare boxes by. */
import { type BoxColumn, type BoxOptions, diouPairs, giouPairs, iouPairs } from '@gdarknet/metrics';

/** Overlaps of one box with many. */
export type Overlaps = (one: BoxColumn, many: BoxColumn, options: BoxOptions) => Float64Array;

const named = { iou: iouPairs, giou: giouPairs, diou: diouPairs } as const satisfies Record<string, Overlaps>;
/** DIoU with its penalty (d / c)^2 raised to a power, as AlexeyAB's Darknet has it (SPEC-V4 5.1). */
export type PoweredDiou = { readonly diouPower: number };
export type NmsKind = keyof typeof named | PoweredDiou;

const powered =
  (power: number): Overlaps =>
  (one, many, options) => {
    const [iou, diou] = [iouPairs(one, many, options), diouPairs(one, many, options)];
    return iou.map((overlap, i) => overlap - Math.max(0, overlap - diou[i]) ** power);
  };

export const overlapsBy = (kind: NmsKind): Overlaps =>
  typeof kind === 'string' ? named[kind] : powered(kind.diouPower);

/** What a cfg can name as `nms_kind`. */
export const cfgNmsKinds = ['default', 'greedynms', 'diounms', 'cornersnms'] as const;

/** What `nms_kind` and `beta_nms` of the last detection layer mean; `greedynms` has a power of its own (SPEC-V4 6). */
export const nmsKindOf = (kind: (typeof cfgNmsKinds)[number], beta: number): NmsKind =>
  kind === 'greedynms' ? { diouPower: 0.6 } : kind === 'diounms' ? { diouPower: beta } : 'iou';
