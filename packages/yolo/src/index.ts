// Darknet's files
export {
  type ConfigOptions,
  type LayerConfig,
  type NetConfig,
  type NetworkConfig,
  parseConfig,
} from './darknet/config.ts';
export { type DataConfig, type EvalKind, evalKinds, parseData } from './darknet/data-file.ts';
export {
  type Checked,
  type FileFault,
  type FileNotice,
  type FileResult,
  showFault,
  showNotice,
} from './darknet/fault.ts';
export { foldFaults, foldNotices } from './darknet/fold.ts';
export { layerTable } from './darknet/layer-table.ts';
export { type NamesOptions, parseNames } from './darknet/names.ts';
export { type Policy, policies } from './darknet/net-section.ts';
export {
  InputSizeError,
  type LayerPlan,
  type NetworkPlan,
  type PlanOptions,
  parseNetwork,
  planNetwork,
  resizedPlan,
} from './darknet/plan.ts';
export type { SectionPlace } from './darknet/section-rule.ts';
export { type PrintableSection, printSections } from './darknet/sections.ts';
export {
  cutWeights,
  type LayerWeights,
  type NetworkWeights,
  type ReadWeightsOptions,
  readWeights,
  type WriteWeightsOptions,
  writeWeights,
} from './darknet/weights.ts';
export { newHeader, type WeightsHeader } from './darknet/weights-header.ts';
export { kernelShape } from './darknet/weights-layout.ts';
export { toChannelsFirst, toChannelsLast } from './darknet/weights-order.ts';
export { type ShapesOptions, type ZooLoss, type ZooOptions, zoo } from './darknet/zoo.ts';
// Detection
export { type Candidates, type Detection, listDetections } from './detect/candidates.ts';
export { type DecodeOptions, decodeYolo, type YoloHead, type YoloOutput } from './detect/decode.ts';
// From cfg and weights to boxes
export {
  type DetectOptions,
  type Detector,
  type ImageBatch,
  type LoadOptions,
  loadDetector,
  type Mix,
} from './detect/detector.ts';
export { averageFlipped, averageOutputs, mirrored } from './detect/flip.ts';
export { cocoImageId, vocImageId } from './detect/image-id.ts';
export { correctLetterbox, type LetterboxOptions, letterboxSize } from './detect/letterbox.ts';
export { type NmsOptions, nmsObject, nmsSort } from './detect/nms.ts';
export type { NmsKind } from './detect/overlap.ts';
export {
  cocoCategoryIds,
  cocoRows,
  cocoText,
  type ImageSize,
  imagenetLines,
  vocFileName,
  vocLines,
} from './detect/results.ts';
// Kinds of layers
export { type Activation, activations } from './layers/common/activations.ts';
export { elements, type ImageShape, type LayerShape, showImageShape } from './layers/common/shape.ts';
export type { KernelShape } from './layers/common/weights.ts';
export type { LayerType } from './layers/index.ts';
export type { Representation } from './layers/yolo.ts';
// The training loss
export {
  type Assignment,
  assign,
  bestAnchor,
  ClassIndexError,
  countTruths,
  type HeadTargets,
  type Targets,
} from './loss/assignment.ts';
export {
  type BoxLoss,
  boxLossNames,
  type Compatibility,
  type GradientKind,
  type HeadConfig,
  type LossOptions,
  type OverlapLoss,
  publishedLoss,
} from './loss/head.ts';
export { type HeadLoss, headLoss, type Objective, yoloLoss } from './loss/head-loss.ts';
export { logFragment, percentF, regionLine } from './loss/log-text.ts';
export { type HeadStatistics, readStatistics, statisticNames } from './loss/statistics.ts';
// Networks
export { buildNetwork, type Network, type NetworkOptions } from './network/network.ts';
export { foldNormalisation, installWeights, type NetworkVariables, weightsOf } from './network/variables.ts';
// Other formats
export { completeWeights } from './onnx/complete.ts';
export { exportOnnx, type OnnxOptions } from './onnx/export.ts';
// Training
export type { StepReport, Trainer, TrainerOptions, TrainingBatch } from './training/contract.ts';
export { StepMemoryError } from './training/memory.ts';
export type { Snapshot } from './training/state.ts';
export { DivergedMembers, partsOf, type Range, type Team } from './training/team.ts';
export { createTrainer } from './training/trainer.ts';
