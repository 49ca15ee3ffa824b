/** Keypoints: their similarity (OKS), and the COCO evaluation by it. */
export type {
  KeypointAnnotation,
  KeypointDetection,
  KeypointInstances,
  KeypointOptions,
  KeypointResult,
} from './evaluate.ts';
export { evaluateKeypoints, keypointSummary } from './evaluate.ts';
export { cocoSigmas, oksOf } from './oks.ts';
