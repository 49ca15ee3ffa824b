/** Gradients of functions with a scalar value. */
import { ArgumentError, check, ones, ShapeError, sizeOf, type Tensor } from '@gdarknet/tensor';
import { vjp } from './vjp.ts';

/** A scalar, or an array whose first element is the scalar; what follows it is carried along, not differentiated. */
export type Objective = Tensor | readonly [Tensor, ...unknown[]];

type Positions = number | readonly number[];

/** A tree like the argument, or one for each position. */
export type Gradients<A extends readonly unknown[], N extends Positions> = N extends number
  ? A[N]
  : { readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never };

export type GradOptions<N extends Positions> = {
  /** Which arguments to differentiate by; default 0. An array of positions gives an array of gradients. */
  readonly argnums?: N;
};

const rules: check.OptionRules<GradOptions<Positions>> = {
  argnums: check.either(check.whole(), check.listOf(check.whole())),
};

const scalarOf = (objective: Objective): Tensor => {
  const first: unknown = Array.isArray(objective) ? objective[0] : objective;
  const value = check.checkTensor('grad', 'the value of the function', first, 'f32');
  if (sizeOf(value.shape) !== 1) throw new ShapeError('grad', [value.shape], 'the function must give a scalar');
  return value;
};

/**
 * What `f` gives, and the gradient of its scalar: `[value, gradients]`. Arguments are trees of tensors, and a gradient is a
 * tree like its argument.
 */
export const valueAndGrad = <A extends unknown[], R extends Objective, const N extends Positions = 0>(
  f: (...args: A) => R,
  options: GradOptions<N> = {},
): ((...args: A) => [value: R, gradients: Gradients<A, N>]) => {
  check.check('grad', 'f', check.callable, f);
  check.checkOptions('grad', rules, options);
  const { argnums } = options;
  const positions: readonly number[] = typeof argnums === 'object' ? argnums : [argnums ?? 0];
  return (...args) => {
    const outside = positions.find((p) => !(p in args));
    if (outside !== undefined) {
      throw new ArgumentError('grad', 'argnums', `positions among the ${args.length} arguments`, String(outside));
    }
    // The whole value leaves by a side door: only the scalar takes part in the differentiation.
    let whole: R | undefined;
    const objective = (...chosen: unknown[]): Tensor => {
      whole = f(...(args.map((arg, i) => (positions.includes(i) ? chosen[positions.indexOf(i)] : arg)) as A));
      return scalarOf(whole);
    };
    const { value, pullback } = vjp(objective, ...positions.map((p) => args[p]));
    const gradients = pullback(ones(value.shape));
    return [whole as R, (typeof argnums === 'object' ? gradients : gradients[0]) as Gradients<A, N>];
  };
};

/** The gradient of the scalar that `f` gives. */
export const grad = <A extends unknown[], R extends Objective, const N extends Positions = 0>(
  f: (...args: A) => R,
  options: GradOptions<N> = {},
): ((...args: A) => Gradients<A, N>) => {
  const both = valueAndGrad(f, options);
  return (...args) => both(...args)[1];
};
