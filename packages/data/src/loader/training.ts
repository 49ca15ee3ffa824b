/** One picture of a training batch: found, changed as the original does, and mixed with others where that is asked for. */
import * as E from 'fp-ts/lib/Either.js';
import type { LabelledImage } from '../augment/modern/labelled.ts';
import { applyModern, drawModern, hasModern, type ModernPlan, partnersOf } from '../augment/modern/modern.ts';
import { type AugmentOptions, augmentSample } from '../augment/sample.ts';
import { moveLabels, noTransform, shuffleLabels, truthFields, writeTruths } from '../augment/truth.ts';
import { type DataFault, showFault } from '../fault.ts';
import { toBytes, writeUnit } from '../image/image.ts';
import { below } from '../random/random.ts';
import { streamOf } from './sampling.ts';
import type { OpenSource, Sample } from './source.ts';

/** Nothing usable was found: every picture tried for one place failed. */
export class NoUsablePicture extends Error {
  override readonly name = 'NoUsablePicture';
  readonly faults: readonly DataFault[];
  constructor(faults: readonly DataFault[]) {
    const shown = faults.slice(0, 3).map(showFault).join('\n  ');
    super(`no usable picture after ${faults.length} tries; check the image list and the label files:\n  ${shown}`);
    this.faults = faults;
  }
}

/** Tries for one place before giving up. */
const patience = 200;

export type Found = { readonly index: number; readonly sample: Sample; readonly failures: readonly DataFault[] };

const findUsable = async (source: OpenSource, pick: () => number): Promise<Found> => {
  const failures: DataFault[] = [];
  for (let attempt = 0; attempt < patience; attempt++) {
    const index = pick();
    const loaded = await source.load(index, true);
    if (E.isRight(loaded)) return { index, sample: loaded.right, failures };
    failures.push(loaded.left);
  }
  throw new NoUsablePicture(failures);
};

export type TrainingOptions = {
  readonly seed: number;
  readonly augment: AugmentOptions;
  readonly maxBoxes: number;
};

/** Where the picture goes: `x` is `[n, height, width, 3]`, `truths` `[n, maxBoxes, 5]`, this one is number `row`. */
export type Target = {
  readonly x: Float32Array;
  readonly truths: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly row: number;
};

export type Placed = {
  /** The picture, and the ones mixed into it. */
  readonly found: readonly Found[];
  readonly count: number;
};

export const trainingPictures = (
  source: OpenSource,
  pickerOf: (place: number) => () => number,
  { seed, augment, maxBoxes }: TrainingOptions,
): ((place: number, target: Target) => Promise<Placed>) => {
  const ranges = augment.modern;
  const modern = ranges !== undefined && hasModern(ranges);

  const plain = ({ sample }: Found, place: number, { x, truths, width, height, row }: Target): number => {
    const random = streamOf(seed, 'augment', place);
    const transform = augmentSample(random, sample.image, width, height, x, row * width * height * 3, augment);
    const shuffled = shuffleLabels(random, sample.labels);
    return writeTruths(shuffled, transform, truths, row * maxBoxes * truthFields, maxBoxes, augment);
  };

  /** The picture as the original changes it, as bytes. */
  const framed = ({ sample }: Found, place: number, partner: number, width: number, height: number): LabelledImage => {
    const random = streamOf(seed, 'augment', place, partner);
    const data = new Float32Array(width * height * 3);
    const transform = augmentSample(random, sample.image, width, height, data, 0, augment);
    const labels = moveLabels(shuffleLabels(random, sample.labels), transform);
    return { image: toBytes({ width, height, data }), labels };
  };

  const changed = (found: readonly Found[], plan: ModernPlan, place: number, target: Target): number => {
    const { x, truths, width, height, row } = target;
    const pictures = found.map((one, partner) => framed(one, place, partner, width, height));
    const { image, labels } = applyModern(pictures, plan);
    writeUnit(image, x, row * width * height * 3);
    return writeTruths(labels, noTransform, truths, row * maxBoxes * truthFields, maxBoxes);
  };

  const partnersFor = (plan: ModernPlan, place: number): Promise<readonly Found[]> =>
    Promise.all(
      Array.from({ length: partnersOf(plan) }, (_, i) => {
        const random = streamOf(seed, 'partner', place, i + 1);
        return findUsable(source, () => below(random, source.length));
      }),
    );

  return async (place, target) => {
    const first = await findUsable(source, pickerOf(place));
    if (!modern) return { found: [first], count: plain(first, place, target) };
    const plan = drawModern(streamOf(seed, 'modern', place), target.width, target.height, ranges);
    const found = [first, ...(await partnersFor(plan, place))];
    return { found, count: changed(found, plan, place, target) };
  };
};
