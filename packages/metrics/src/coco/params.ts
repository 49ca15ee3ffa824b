/** Thresholds, areas and limits of a COCO evaluation; the defaults are those of pycocotools, to the bit. */
import type { Overlap, OverlapRule } from '../box/overlap.ts';
import { giouOverlap, iouOverlap } from '../box/overlap.ts';

export interface AreaRange {
  readonly name: string;
  /** Closed at both ends: an object of exactly 32² pixels is small and medium. */
  readonly low: number;
  readonly high: number;
}

export type CocoOverlap = 'iou' | 'giou' | Overlap;

export interface CocoParams {
  readonly overlap: CocoOverlap;
  readonly thresholds: readonly number[];
  readonly recalls: readonly number[];
  readonly areas: readonly AreaRange[];
  /** Ascending limits of detections an image and category. */
  readonly maxDets: readonly number[];
  /** pycocotools and its GIoU fork to the bit, defects included. */
  readonly compat: boolean;
  /** Leave out annotations with `"ignore": 1` as crowds are left out. pycocotools does not. */
  readonly ignoreKey: boolean;
}

export type CocoOptions = Partial<CocoParams>;

/** As numpy's linspace, whose steps are products: the ninth is 0.8999999999999999. */
export const linspace = (start: number, stop: number, count: number): readonly number[] => {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
};

export const cocoThresholds: readonly number[] = /* @__PURE__ */ linspace(0.5, 0.95, 10);
export const cocoRecalls: readonly number[] = /* @__PURE__ */ linspace(0, 1, 101);
export const cocoAreas: readonly AreaRange[] = [
  { name: 'all', low: 0, high: 1e10 },
  { name: 'small', low: 0, high: 32 ** 2 },
  { name: 'medium', low: 32 ** 2, high: 96 ** 2 },
  { name: 'large', low: 96 ** 2, high: 1e10 },
];

export const cocoParams = (options: CocoOptions = {}): CocoParams => ({
  overlap: options.overlap ?? 'iou',
  thresholds: options.thresholds ?? cocoThresholds,
  recalls: options.recalls ?? cocoRecalls,
  areas: options.areas ?? cocoAreas,
  maxDets: [...(options.maxDets ?? [1, 10, 100])].sort((a, b) => a - b),
  compat: options.compat ?? false,
  ignoreKey: options.ignoreKey ?? false,
});

export const overlapOf = (overlap: CocoOverlap): Overlap =>
  overlap === 'iou' ? iouOverlap : overlap === 'giou' ? giouOverlap : overlap;

export const ruleOf = (params: CocoParams): OverlapRule => ({ pixel: 0, penalty: 'signed', compat: params.compat });
