/** Functions that bring their own derivative, and what is made of them: `stopGradient` and `checkpoint`. */
import { leavesOf, mapTree, silently, stopMark, type Tensor, TensorError, tag, zeros } from '@gdarknet/tensor';
import { type Call, mark } from './mark.ts';
import { vjp } from './vjp.ts';

/** A cotangent for each argument; `undefined` is zero. */
export type ArgumentCotangents<A extends readonly unknown[]> = { readonly [K in keyof A]: A[K] | undefined };

/** The same tree, as a constant to every derivative. */
export const stopGradient = <T>(tree: T): T => mapTree<T>(tree, mark(stopMark));

/**
 * `f` with `backward` as its derivative: from the cotangent of the value (a tree like it), the arguments and the value to a
 * cotangent for each argument. Computing in `backward` again what `f` computed costs nothing: equal expressions are merged.
 * `backward` is itself differentiated by its ordinary rules. Every differentiated value that `f` reads must be an argument.
 */
export const customVjp =
  <A extends unknown[], R>(
    f: (...args: A) => R,
    backward: (cotangent: R, args: A, value: R) => ArgumentCotangents<A>,
  ): ((...args: A) => R) =>
  (...args: A): R => {
    const leaves = leavesOf<Tensor>(args);
    // Inside f the arguments are constants, so that whatever else is differentiated there shows as a mistake.
    const body = f(...stopGradient(args));
    const results = leavesOf<Tensor>(body);
    const call: Call = {
      args: leaves,
      results: results.length,
      backward: (cotangents) => {
        const cotangent = mapTree<R>(body, (t, i) => cotangents[i] ?? zeros(t.shape));
        const given: readonly unknown[] = backward(cotangent, args, value);
        return args.flatMap((arg, i) => {
          const expected = leavesOf<Tensor>(arg).length;
          if (given[i] === undefined) return new Array<undefined>(expected).fill(undefined);
          const found = leavesOf<Tensor>(given[i]);
          if (found.length !== expected) {
            throw new TensorError(
              'customVjp',
              `argument ${i} has ${expected} tensors and its cotangent ${found.length}`,
            );
          }
          return found;
        });
      },
    };
    const value = mapTree<R>(body, (t, index) => mark({ kind: 'result', call, index })(t));
    return value;
  };

/**
 * `f`, computed again during the backward pass instead of kept in memory from the forward pass (Chen et al., "Training deep
 * nets with sublinear memory cost", 2016). The arguments of the second computation wait for the incoming cotangent. Every
 * differentiated value that `f` reads must be an argument.
 */
export const checkpoint = <A extends unknown[], R>(f: (...args: A) => R): ((...args: A) => R) =>
  customVjp(f, (cotangent, args) => {
    // Waiting on the cotangent also keeps the second computation from being merged with the first.
    const again = mapTree<A>(args, tag({ name: 'checkpoint', uid: 1 }, leavesOf<Tensor>(cotangent)));
    // What f prints has been printed.
    return silently(() => vjp(f, ...again)).pullback(cotangent);
  });
