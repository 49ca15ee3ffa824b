/**
 * What a layer is: a pair of pure functions. Parameters (what an optimiser changes) and state (what training carries along,
 * as rolling statistics) are plain nested records of tensors, so saving or averaging them is one `mapTree`.
 */
import { input, type Shape, type Tensor } from '@gdarknet/tensor';

export type Variables = { readonly [name: string]: Tensor | Variables | undefined };

export type Mode = {
  readonly training: boolean;
  /** Randomness of this application; dropout needs it in training. */
  readonly key?: Tensor;
};

export const inference: Mode = { training: false };

export type Initialised<P, S> = {
  readonly params: P;
  readonly state: S;
  /** Shape of the result, batch axis included. */
  readonly shape: Shape;
};

export type Applied<S> = { readonly y: Tensor; readonly state: S };

/** `X` is what the layer reads: one tensor `[n, h, w, c]`, or several. */
export type Layer<P extends Variables = Variables, S extends Variables = Variables, X = Tensor> = {
  /** `inputShape` has the batch axis too; its length does not matter here. */
  init(key: Tensor, inputShape: ShapesOf<X>): Initialised<P, S>;
  apply(params: P, state: S, x: X, mode: Mode): Applied<S>;
};

export type ShapesOf<X> = X extends Tensor ? Shape : { readonly [K in keyof X]: ShapesOf<X[K]> };

export type Empty = Readonly<Record<string, never>>;
export const empty: Empty = {};

const placeholders = (shapes: unknown): unknown =>
  Array.isArray(shapes) && typeof shapes[0] !== 'number' ? shapes.map(placeholders) : input(0, shapes as Shape);

/** The shape that `f` gives for inputs of given shapes, read off its own expression. */
export const shapeThrough = <X>(f: (x: X) => Tensor, inputShape: ShapesOf<X>): Shape =>
  f(placeholders(inputShape) as X).shape;

/** A layer without parameters or state. */
export const stateless = <X = Tensor>(apply: (x: X, mode: Mode) => Tensor): Layer<Empty, Empty, X> => ({
  init: (_, inputShape) => ({
    params: empty,
    state: empty,
    shape: shapeThrough<X>((x) => apply(x, inference), inputShape),
  }),
  apply: (_, state, x, mode) => ({ y: apply(x, mode), state }),
});
