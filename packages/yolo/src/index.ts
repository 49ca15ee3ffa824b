// Darknet's files
export {
  type ConfigOptions,
  type LayerConfig,
  type NetConfig,
  type NetworkConfig,
  parseConfig,
} from './darknet/config.ts';
export {
  type Checked,
  type FileFault,
  type FileNotice,
  type FileResult,
  showFault,
  showNotice,
} from './darknet/fault.ts';
export { type Activation, activations, type LayerType } from './darknet/layer-sections.ts';
export { elements, type ImageShape, type LayerShape, showImageShape } from './darknet/layer-shapes.ts';
export { layerTable } from './darknet/layer-table.ts';
export { type NamesOptions, parseNames } from './darknet/names.ts';
export { type Policy, policies } from './darknet/net-section.ts';
export { type LayerPlan, type NetworkPlan, type PlanOptions, parseNetwork, planNetwork } from './darknet/plan.ts';
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
export { type KernelShape, kernelShape } from './darknet/weights-layout.ts';
export { toChannelsFirst, toChannelsLast } from './darknet/weights-order.ts';
export { type IouLoss, iouLosses, type Representation } from './darknet/yolo-section.ts';
