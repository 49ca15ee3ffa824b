/** What a layer is told when it is written as ONNX operators. Values are NCHW, as everywhere in ONNX. */
import type { LayerWeights } from '../../darknet/weights.ts';
import type { Builder } from '../../onnx/builder.ts';
import type { Normalisation } from '../../onnx/normalisation.ts';
import type { ImageShape } from './shape.ts';
import type { KernelShape } from './weights.ts';

export type Source = { readonly name: string; readonly shape: ImageShape };

export type OnnxContext = {
  readonly to: Builder;
  readonly index: number;
  readonly sources: readonly Source[];
  readonly kernel: KernelShape | undefined;
  readonly weights: LayerWeights | undefined;
  readonly normalisation: Normalisation;
};

export const scaled = (to: Builder, x: string, factor: number): string =>
  factor === 1 ? x : to.node('Mul', [x, to.floats([factor])]);

export const weightsIn = ({ weights, index }: OnnxContext): LayerWeights => {
  if (weights === undefined) throw new RangeError(`layer ${index} has no weights`);
  return weights;
};

/** The layer's input as it is. */
export const same = (_: unknown, { sources }: OnnxContext): string => sources[0].name;
