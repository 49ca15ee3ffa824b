/** Layers of `@gdarknet/nn` as layers of a network, which read the outputs of their source layers. */
import type { Convention, Layer, Variables } from '@gdarknet/nn';
import type { Tensor } from '@gdarknet/tensor';

export type BuildOptions = {
  /** Whose batch normalisation (SPEC 4.2); false where it is folded into the weights. */
  readonly convention: Convention | false;
};

/** Reads the outputs of its source layers, in order. */
export type NetworkLayer = Layer<Variables, Variables, readonly Tensor[]>;

/** A layer of one tensor as a layer of its sources. */
export const single = (layer: unknown): NetworkLayer => {
  const { init, apply } = layer as Layer<Variables, Variables, Tensor>;
  return {
    init: (key, [shape]) => init(key, shape),
    apply: (params, state, [x], mode) => apply(params, state, x, mode),
  };
};
