/** Data sets whose images are labelled for some categories only: LVIS and Open Images, on COCO's evaluation. */
export type { LabelledImage } from '../coco/federation.ts';
export type { Frequency, LvisStat } from '../coco/summary.ts';
export type { LvisInstances, LvisOptions, LvisResult, LvisSegmInstances } from './lvis.ts';
export { evaluateLvis, evaluateLvisSegm, lvisAccumulator, lvisSegmAccumulator, lvisSummary } from './lvis.ts';
export type { OpenImagesAnnotation, OpenImagesInstances } from './open-images.ts';
export { evaluateOpenImages, openImagesAccumulator } from './open-images.ts';
