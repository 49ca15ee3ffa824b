/** The activation of a `[yolo]` layer (SPEC 5.1). */
import { add, div, exp, neg, select, type Tensor, tensor } from '@gdarknet/tensor';

/**
 * Logistic of x, y, objectness and classes; w and h stay. `[n, h, w, anchors * (5 + classes)]` to the same shape, the entries
 * of an anchor being x, y, w, h, objectness, classes.
 */
export const activateHead =
  (classes: number) =>
  (x: Tensor): Tensor => {
    const entries = 5 + classes;
    const channels = x.shape[3];
    const isSize = tensor(Float32Array.from({ length: channels }, (_, i) => Number([2, 3].includes(i % entries))));
    return select(isSize, x, div(1, add(exp(neg(x)), 1)));
  };
