/**
 * Which values are stored as 16 bits (IEEE 754 binary16) where a device is asked to: the images between the layers, which
 * are most of the memory and of its traffic. Sums, statistics, parameters, losses and results stay in 32 bits.
 */
import type { Place, Program, Step, ValueId } from '../plan/program.ts';
import { sizeOf } from '../shape.ts';

/** Steps that make images, beside elementwise ones of images. */
const makers: ReadonlySet<Step['kind']> = new Set<Step['kind']>([
  'conv2d',
  'conv2dInput',
  'maxPool2d',
  'maxPool2dGrad',
]);

/** A place is one of images when every value there is `[n, h, w, c]`, and every step that writes there makes images. */
export const halfPlaces = ({ values, steps }: Program): ReadonlySet<Place> => {
  const half = new Set<Place>();
  const spoilt = new Set<Place>();
  for (const { place, shape, dtype } of values)
    if (place.kind !== 'scratch' || dtype !== 'f32' || shape.length !== 4) spoilt.add(place);
  const isHalf = (id: ValueId): boolean => half.has(values[id].place) && !spoilt.has(values[id].place);
  const makesImages = (step: Step): boolean => {
    if (step.kind !== 'map') return makers.has(step.kind);
    const size = sizeOf(step.shape);
    return step.expression.loads.some(({ value }) => isHalf(value) && sizeOf(values[value].shape) === size);
  };
  for (const step of steps) {
    const out = step.kind === 'map' ? step.out.value : step.out;
    (makesImages(step) ? half : spoilt).add(values[out].place);
  }
  return new Set([...half].filter((place) => !spoilt.has(place)));
};
