/** The shape of fp-ts's Either, so that its functions work on our results while this package depends on nothing. */
export type Either<E, A> = { readonly _tag: 'Left'; readonly left: E } | { readonly _tag: 'Right'; readonly right: A };

export const left = <E>(error: E): Either<E, never> => ({ _tag: 'Left', left: error });
export const right = <A>(value: A): Either<never, A> => ({ _tag: 'Right', right: value });
