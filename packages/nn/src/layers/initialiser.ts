/** Initial weights as Darknet draws them (SPEC 4.1), from a key instead of a global generator. */
import { mul, normal, type Shape, sub, type Tensor, uniform } from '@gdarknet/tensor';

/** N(0, 1) * sqrt(2 / fanIn) (He et al., 2015). */
export const heNormal =
  (shape: Shape, fanIn: number) =>
  (key: Tensor): Tensor =>
    mul(normal(shape)(key), Math.sqrt(2 / fanIn));

/** U(-1, 1) * sqrt(2 / fanIn). */
export const scaledUniform =
  (shape: Shape, fanIn: number) =>
  (key: Tensor): Tensor =>
    mul(sub(mul(uniform(shape)(key), 2), 1), Math.sqrt(2 / fanIn));
