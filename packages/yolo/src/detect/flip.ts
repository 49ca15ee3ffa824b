/**
 * Averages of heads' outputs: over a picture and its mirror image, which the original's valid2 wants to do and does not
 * (SPEC D-11), and over the frames of a film, as its demo does.
 */
import type { YoloOutput } from './decode.ts';

/** Pictures `[n, h, w, c]` with their columns in reverse. */
export const mirrored = (x: Float32Array, width: number, channels: number): Float32Array => {
  const out = new Float32Array(x.length);
  for (let row = 0; row < x.length; row += width * channels) {
    for (let column = 0; column < width; column++) {
      const from = row + (width - 1 - column) * channels;
      out.set(x.subarray(from, from + channels), row + column * channels);
    }
  }
  return out;
};

const averaged = (all: readonly Float32Array[]): Float32Array =>
  all[0].map((_, i) => all.reduce((sum, values) => sum + values[i], 0) / all.length);

/** The mean of the outputs of one head for several pictures. */
export const averageOutputs = (outputs: readonly YoloOutput[]): YoloOutput => ({
  ...outputs[0],
  values: averaged(outputs.map(({ values }) => values)),
});

/** What the head would have said of the mirror image's mirror image: columns in reverse, and x counted from the other side. */
const turned = ({ head, h, w, values, ...rest }: YoloOutput): YoloOutput => {
  const entries = 5 + head.classes;
  const flipped = mirrored(values, w, head.mask.length * entries);
  for (let i = 0; i < flipped.length; i += entries) flipped[i] = 1 - flipped[i];
  return { ...rest, head, h, w, values: flipped };
};

/** Of a picture's heads and those of its mirror image, both after the logistic function. */
export const averageFlipped = (outputs: readonly YoloOutput[], mirror: readonly YoloOutput[]): readonly YoloOutput[] =>
  outputs.map((output, i) => averageOutputs([output, turned(mirror[i])]));
