export type { BoxOptions } from './box/columns.ts';
export {
  ciou,
  ciouOf,
  ciouPairs,
  diou,
  diouOf,
  diouPairs,
  giou,
  giouOf,
  giouPairs,
  iou,
  iouOf,
  iouPairs,
} from './box/columns.ts';
export type { BoxColumn, BoxFormat, Pixel } from './box/corners.ts';
export { BoxColumnError } from './box/corners.ts';
export type { Overlap, OverlapRule } from './box/overlap.ts';
export type { CocoCategoryResult, CocoResult } from './coco/evaluate.ts';
export { evaluateCoco } from './coco/evaluate.ts';
export type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage, CocoInstances } from './coco/input.ts';
export { CocoInputError } from './coco/input.ts';
export type { CocoNote } from './coco/notes.ts';
export type { AreaRange, CocoOptions, CocoOverlap, CocoParams } from './coco/params.ts';
export { cocoAreas, cocoRecalls, cocoThresholds } from './coco/params.ts';
export { cocoSummary } from './coco/summary.ts';
