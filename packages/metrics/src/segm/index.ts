/** Masks: their runs, polygons and areas, and the COCO evaluation by them. */
export { maskOfPolygon } from '../mask/polygon.ts';
export type { Rle } from '../mask/rle.ts';
export {
  MaskError,
  maskArea,
  maskBox,
  maskOfPixels,
  pixelsOfMask,
  runsOfText,
  textOfRuns,
  unionOf,
} from '../mask/rle.ts';
export type { MaskSize, Polygons, RleObject, Segmentation } from '../mask/segmentation.ts';
export { maskOf } from '../mask/segmentation.ts';
export type {
  SegmAccumulator,
  SegmAnnotation,
  SegmDetection,
  SegmImageEvidence,
  SegmInstances,
} from './evaluate.ts';
export { evaluateSegm, segmAccumulator } from './evaluate.ts';
export type { SegmMetricOptions, SegmPrediction, SegmTarget } from './metric.ts';
export { SegmMetric } from './metric.ts';
