/**
 * Derivatives by finite differences, against which the rules are tested. Values come from the reference device in f32 and
 * are weighted and summed in double precision; a fourth-order central difference keeps both its errors near 1e-5.
 */
import { concat, jit, openReference, read, reshape, type Shape, sizeOf, type Tensor, tensor } from '@gdarknet/tensor';
import { vjp } from '../autodiff/vjp.ts';

export const device = openReference();

export type Differentiable = (...xs: Tensor[]) => Tensor;

/** Reproducible numbers in [-1, 1): a linear congruential generator. */
export const numbers = (count: number, seed = 1): number[] => {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
};

export const random = (shape: Shape, seed = 1): Tensor => tensor(numbers(sizeOf(shape), seed), shape);

/** Away from zero: at least `least` in size, of either sign. */
export const nonzero = (shape: Shape, seed = 1, least = 0.4): Tensor =>
  tensor(
    numbers(sizeOf(shape), seed).map((v) => v + (v < 0 ? -least : least)),
    shape,
  );

export const positive = (shape: Shape, seed = 1): Tensor =>
  tensor(
    numbers(sizeOf(shape), seed).map((v) => 1.6 + v),
    shape,
  );

/** No two values closer than `gap`, in a shuffled order. */
export const distinct = (shape: Shape, seed = 1, gap = 0.25): Tensor => {
  const order = numbers(sizeOf(shape), seed)
    .map((v, i) => [v, i] as const)
    .sort(([a], [b]) => a - b)
    .map(([, i]) => i);
  return tensor(
    order.map((rank) => (rank - order.length / 2) * gap),
    shape,
  );
};

const dataOf = (t: Tensor): Float32Array => {
  if (t.op.kind !== 'constant' || !(t.op.data instanceof Float32Array)) throw new Error('an f32 constant is expected');
  return t.op.data;
};

const step = 2 ** -5;
/** Coefficients of f(x + k * step) in 12 * step * f'(x). */
const stencil = [
  [1, 8],
  [-1, -8],
  [2, -1],
  [-2, 1],
] as const;

export type Mismatch = {
  readonly argument: number;
  readonly element: number;
  readonly rule: number;
  readonly numeric: number;
};

/** Elements where the rules and the finite differences disagree by more than `tolerance` (relative above 1). */
export const mismatches = async (f: Differentiable, args: readonly Tensor[], tolerance = 3e-4): Promise<Mismatch[]> => {
  const { value, pullback } = vjp(f, ...args);
  const weights = numbers(sizeOf(value.shape), 99);
  const rules = await read(device, pullback(tensor(weights, value.shape)));
  const run = jit(device, f);
  const objective = async (xs: readonly Tensor[]): Promise<number> => {
    const y = (await read(device, await run(...xs))) as Float32Array;
    return y.reduce((total, v, i) => total + v * Math.fround(weights[i]), 0);
  };
  const found: Mismatch[] = [];
  for (const [argument, x] of args.entries()) {
    const data = dataOf(x);
    for (let element = 0; element < data.length; element++) {
      let numeric = 0;
      for (const [k, coefficient] of stencil) {
        const moved = data.slice();
        moved[element] += k * step;
        numeric += coefficient * (await objective(args.map((t, i) => (i === argument ? tensor(moved, t.shape) : t))));
      }
      numeric /= 12 * step;
      const rule = rules[argument][element];
      if (!(Math.abs(rule - numeric) <= tolerance * Math.max(1, Math.abs(numeric)))) {
        found.push({ argument, element, rule, numeric });
      }
    }
  }
  run.close();
  return found;
};

/** The gradient of f as a function of its arguments and the cotangent, in one flat tensor: what a second derivative takes. */
export const gradientOf =
  (f: Differentiable): Differentiable =>
  (...all) => {
    const [xs, dy] = [all.slice(0, -1), all[all.length - 1]];
    return concat(0)(
      vjp(f, ...xs)
        .pullback(dy)
        .map((g) => reshape([-1])(g)),
    );
  };
