/**
 * What shape inference is told and what it gives: from the shapes before a layer to its own output, parameter count and
 * arithmetic, or what does not fit (SPEC 1.5, 4.3 - 4.6).
 */
import * as E from 'fp-ts/lib/Either.js';
import type { Problem } from '../../darknet/section-rule.ts';

/** Of one image: rows, columns, channels. A flat vector is `1 x 1 x c`. */
export interface ImageShape {
  readonly h: number;
  readonly w: number;
  readonly c: number;
}

export const elements = ({ h, w, c }: ImageShape): number => h * w * c;
export const showImageShape = ({ h, w, c }: ImageShape): string => `${w} x ${h} x ${c}`;

export interface ShapeContext {
  readonly index: number;
  readonly input: ImageShape;
  /** Outputs of all earlier layers; `undefined` where one could not be inferred. */
  readonly outputs: readonly (ImageShape | undefined)[];
}

export interface LayerShape {
  readonly output: ImageShape;
  /** Absolute indices of the layers whose outputs this one reads, in order; -1 is the network's input. */
  readonly sources: readonly number[];
  /** Floats that a weights file holds for it. */
  readonly parameters: number;
  /** Arithmetic operations for one image, a multiply-add counted as two. */
  readonly flops: number;
}

/** Left with no problem: an earlier layer is at fault, and this one cannot be judged. */
export type ShapeResult = E.Either<readonly Problem[], LayerShape>;

/** Of a layer that reads the one before it. */
export const shape = (output: ImageShape, context: ShapeContext, cost: Partial<LayerShape> = {}): ShapeResult =>
  E.right({ output, sources: [context.index - 1], parameters: 0, flops: 0, ...cost });

export const fail = (problem: Problem): ShapeResult => E.left([problem]);
export const unjudged: ShapeResult = E.left([]);

export const sameAsInput = (_: unknown, context: ShapeContext): ShapeResult => shape(context.input, context);

export const tooSmall = (input: ImageShape, size: number): Problem => ({
  key: 'size',
  expected: `at most the padded input, ${showImageShape(input)}`,
  found: String(size),
  action: 'enlarge the input (width, height of [net]) or remove a stride',
});

/** References to other layers that a key of the section makes. */
export interface References {
  readonly key: string;
  readonly given: readonly number[];
}

/** The absolute index; a negative one counts back from the layer that refers. */
export const resolve = (given: number, index: number): number => (given < 0 ? index + given : given);

/** References to layers that are not before this one; needs no shapes. */
export const badReferences = ({ key, given }: References, index: number): readonly Problem[] =>
  given
    .filter((g) => resolve(g, index) < 0 || resolve(g, index) >= index)
    .map((g) => ({
      key,
      expected: `earlier layers, ${index === 0 ? 'of which there are none' : `0 to ${index - 1} or -${index} to -1`}`,
      found: g < 0 ? `${g}, which is layer ${index + g}` : String(g),
      action: 'correct the index (layers are counted from 0 after [net])',
    }));
