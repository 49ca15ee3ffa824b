/** Layers one after another. */
import { splitKey, type Tensor } from '@gdarknet/tensor';
import type { Layer, Variables } from './layer.ts';

/** Parameters and state are records by the layer's position. A key in the mode is split among the layers. */
export const sequential = (...layers: readonly Layer[]): Layer => ({
  init: (key, inputShape) => {
    const keys = splitKey(layers.length)(key);
    const params: Record<string, Variables> = {};
    const state: Record<string, Variables> = {};
    let shape = inputShape;
    for (const [i, layer] of layers.entries()) {
      const made = layer.init(keys[i], shape);
      params[i] = made.params;
      state[i] = made.state;
      shape = made.shape;
    }
    return { params, state, shape };
  },
  apply: (params, state, x, mode) => {
    const keys = mode.key === undefined ? [] : splitKey(layers.length)(mode.key);
    const states: Record<string, Variables> = {};
    let y: Tensor = x;
    for (const [i, layer] of layers.entries()) {
      const [p, s] = [params[i] as Variables, state[i] as Variables];
      const applied = layer.apply(p, s, y, { training: mode.training, key: keys[i] });
      y = applied.y;
      states[i] = applied.state;
    }
    return { y, state: states };
  },
});
