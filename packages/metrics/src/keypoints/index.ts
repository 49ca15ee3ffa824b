/** Keypoints: their similarity (OKS), and the COCO evaluation by it. */
export type {
  KeypointAccumulator,
  KeypointAnnotation,
  KeypointDetection,
  KeypointImageEvidence,
  KeypointInstances,
  KeypointOptions,
  KeypointResult,
} from './evaluate.ts';
export { evaluateKeypoints, keypointAccumulator, keypointSummary } from './evaluate.ts';
export type { KeypointMetricOptions, KeypointPrediction, KeypointTarget } from './metric.ts';
export { KeypointMetric } from './metric.ts';
export { cocoSigmas, oksOf } from './oks.ts';
