/**
 * The augmentations that came after the original, switched on by cfg keys in AlexeyAB's names where he has one (`mosaic`,
 * `mixup`, `cutmix`, `angle`, `aspect`, `blur`); all are off by default. What a picture draws depends on its own stream
 * only, so switching one on leaves the original's draws as they were.
 */
import { below, type Random, uniform } from '../../random/random.ts';
import { changeView, noView, type View } from './affine.ts';
import { cutMix, cutOut, type MosaicPlan, mixUp, mosaic } from './compose.ts';
import type { Edges, LabelledImage } from './labelled.ts';
import { blur, blurBackground, greyscale } from './tone.ts';

/** Ranges and switches, named as in `[net]`. Absent is off. */
export type ModernRanges = {
  /** One of two pictures is made of parts of four. */
  readonly mosaic?: boolean;
  /** One of two is blended with another, half and half. */
  readonly mixup?: boolean;
  /** One of two has a part of another laid over it. */
  readonly cutmix?: boolean;
  /** Turns by up to so many degrees either way. */
  readonly angle?: number;
  /** Stretches width over height by up to this, or its reciprocal; 1 is none. */
  readonly aspect?: number;
  /** Leans by up to so many degrees either way, in both directions; below 45. */
  readonly shear?: number;
  /** Tilts by up to this either way, 0 to 0.3. */
  readonly perspective?: number;
  /** One third of pictures on a blurred ground, one sixth blurred whole by a Gaussian of this size; 1 is ground only. */
  readonly blur?: number;
  /** Share of pictures that lose their colour, 0 to 1. */
  readonly grayscale?: number;
  /** Share of pictures that get a grey hole, 0 to 1. */
  readonly cutout?: number;
};

type Mix =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'mosaic' } & MosaicPlan)
  | { readonly kind: 'mixup'; readonly share: number }
  | { readonly kind: 'cutmix'; readonly patch: Edges };

/** What one picture has drawn. */
export type ModernPlan = {
  readonly mix: Mix;
  readonly view: View | undefined;
  readonly hole: Edges | undefined;
  readonly blur: 'none' | 'ground' | number;
  readonly grey: boolean;
};

const limits: { readonly [K in keyof ModernRanges]?: readonly [number, number] } = {
  angle: [0, 180],
  aspect: [0.1, 10],
  shear: [0, 44],
  perspective: [0, 0.3],
  blur: [0, 255],
  grayscale: [0, 1],
  cutout: [0, 1],
};

export const hasModern = (ranges: ModernRanges): boolean =>
  (Object.keys(ranges) as (keyof ModernRanges)[]).some((key) => {
    const value = ranges[key];
    return typeof value === 'number' ? value !== (key === 'aspect' ? 1 : 0) : value === true;
  });

/** Throws a RangeError for a value out of its range. */
export const checkModern = (ranges: ModernRanges): void => {
  for (const [key, [low, high]] of Object.entries(limits)) {
    const value = ranges[key as keyof typeof limits];
    if (value !== undefined && !(Number(value) >= low && Number(value) <= high)) {
      throw new RangeError(`${key} is ${value}, expected ${low} to ${high}`);
    }
  }
};

/** Seams and patches stay this share of the picture away from its edges. */
const margin = 0.2;
const [smallestHole, largestHole] = [0.1, 0.4];

/** A whole number of the range; where it holds none, the one above it. */
const wholeBetween = (random: Random, low: number, high: number): number => {
  const first = Math.ceil(low);
  const last = Math.max(first, Math.floor(high));
  return Math.min(last, Math.floor(uniform(random, first, last + 1)));
};

const rectangle = (random: Random, width: number, height: number, least: number, most: number): Edges => {
  const side = (length: number): readonly [number, number] => {
    const size = Math.max(1, wholeBetween(random, least * length, most * length));
    const from = wholeBetween(random, 0, length - size);
    return [from, from + size];
  };
  const [left, right] = side(width);
  const [top, bottom] = side(height);
  return { left, top, right, bottom };
};

type MixKind = Exclude<Mix['kind'], 'none'>;

const drawMix: { readonly [K in MixKind]: (random: Random, width: number, height: number) => Mix } = {
  mosaic: (random, width, height) => {
    const x = wholeBetween(random, margin * width, (1 - margin) * width);
    const y = wholeBetween(random, margin * height, (1 - margin) * height);
    // Each quarter shows some part of its picture that is as large as the quarter.
    const from = [0, 1, 2, 3].map((i): readonly [number, number] => [
      wholeBetween(random, 0, i % 2 === 0 ? width - x : x),
      wholeBetween(random, 0, i < 2 ? height - y : y),
    ]);
    return { kind: 'mosaic', x, y, from };
  },
  mixup: () => ({ kind: 'mixup', share: 0.5 }),
  cutmix: (random, width, height) => ({
    kind: 'cutmix',
    patch: rectangle(random, width, height, margin, 1 - margin),
  }),
};

const kinds: readonly MixKind[] = ['mosaic', 'mixup', 'cutmix'];

const drawView = (random: Random, ranges: ModernRanges): View | undefined => {
  const { angle = 0, aspect = 1, shear = 0, perspective = 0 } = ranges;
  if (angle === 0 && aspect === 1 && shear === 0 && perspective === 0) return undefined;
  const stretch = uniform(random, 1, aspect);
  return {
    ...noView,
    aspect: below(random, 2) === 1 ? stretch : 1 / stretch,
    angle: uniform(random, -angle, angle),
    shearX: uniform(random, -shear, shear),
    shearY: uniform(random, -shear, shear),
    perspectiveX: uniform(random, -perspective, perspective),
    perspectiveY: uniform(random, -perspective, perspective),
  };
};

const drawBlur = (random: Random, size: number): ModernPlan['blur'] => {
  if (size === 0 || below(random, 2) === 0) return 'none';
  const choice = below(random, 3);
  if (choice === 0) return 'none';
  return choice === 1 || size === 1 ? 'ground' : 2 * Math.floor(size / 2) + 1;
};

const chance = (random: Random, share: number): boolean => share > 0 && uniform(random, 0, 1) < share;

/** `width` and `height` are the network's. */
export const drawModern = (random: Random, width: number, height: number, ranges: ModernRanges): ModernPlan => {
  const choices = kinds.filter((kind) => ranges[kind] === true);
  const mixed = choices.length > 0 && below(random, 2) === 1;
  const mix: Mix = mixed ? drawMix[choices[below(random, choices.length)]](random, width, height) : { kind: 'none' };
  const view = drawView(random, ranges);
  const holed = chance(random, ranges.cutout ?? 0);
  return {
    mix,
    view,
    hole: holed ? rectangle(random, width, height, smallestHole, largestHole) : undefined,
    blur: drawBlur(random, ranges.blur ?? 0),
    grey: chance(random, ranges.grayscale ?? 0),
  };
};

/** How many more pictures a plan wants, of the same size. */
export const partnersOf = ({ mix }: ModernPlan): number => (mix.kind === 'none' ? 0 : mix.kind === 'mosaic' ? 3 : 1);

const mixOf = (pictures: readonly LabelledImage[], mix: Mix): LabelledImage => {
  const [first, second] = pictures;
  if (mix.kind === 'mosaic') return mosaic(pictures, mix);
  if (mix.kind === 'mixup') return mixUp(first, second, mix.share);
  return mix.kind === 'cutmix' ? cutMix(first, second, mix.patch) : first;
};

const blurOf = (picture: LabelledImage, kind: ModernPlan['blur']): LabelledImage => {
  if (kind === 'none') return picture;
  return kind === 'ground' ? blurBackground(picture) : blur(picture, kind);
};

/** `pictures`: the picture itself and its partners. */
export const applyModern = (pictures: readonly LabelledImage[], plan: ModernPlan): LabelledImage => {
  const mixed = mixOf(pictures, plan.mix);
  const viewed = plan.view ? changeView(mixed, plan.view) : mixed;
  const holed = plan.hole ? cutOut(viewed, plan.hole) : viewed;
  const softened = blurOf(holed, plan.blur);
  return plan.grey ? greyscale(softened) : softened;
};
