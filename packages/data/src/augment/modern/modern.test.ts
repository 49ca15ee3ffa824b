import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Image } from '../../image/image.ts';
import { counterRandom } from '../../random/counter.ts';
import { noView } from './affine.ts';
import { cutMix, cutOut, mixUp, mosaic } from './compose.ts';
import { type Edges, edgesOf, type LabelledImage, labelOf } from './labelled.ts';
import {
  applyModern,
  checkModern,
  drawModern,
  hasModern,
  type ModernPlan,
  type ModernRanges,
  partnersOf,
} from './modern.ts';
import { blurBackground, greyscale } from './tone.ts';

const width = 64;
const height = 48;

/** A black picture with one box filled in one channel: where it is afterwards can be seen in the pixels. */
const drawn = (channel: number, box: Edges): LabelledImage => {
  const data = new Uint8Array(width * height * 3);
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left; x < box.right; x++) data[(y * width + x) * 3 + channel] = 255;
  }
  const image: Image = { width, height, data };
  return { image, labels: [labelOf(channel, box, image)] };
};

const inside = ({ left, top, right, bottom }: Edges, x: number, y: number): boolean =>
  x >= left && x < right && y >= top && y < bottom;

/** The smallest box round all pixels whose channel is above the threshold, and how many there are. */
const found = (image: Image, channel: number, threshold: number, hole?: Edges): { box: Edges; pixels: number } => {
  let box: Edges = { left: width, top: height, right: 0, bottom: 0 };
  let pixels = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (image.data[(y * width + x) * 3 + channel] <= threshold || (hole && inside(hole, x, y))) continue;
      pixels++;
      box = {
        left: Math.min(box.left, x),
        top: Math.min(box.top, y),
        right: Math.max(box.right, x + 1),
        bottom: Math.max(box.bottom, y + 1),
      };
    }
  }
  return { box, pixels };
};

const sides = ['left', 'top', 'right', 'bottom'] as const;
const worst = (a: Edges, b: Edges): number => Math.max(...sides.map((side) => Math.abs(a[side] - b[side])));
const holds = (outer: Edges, inner: Edges, slack: number): boolean =>
  outer.left <= inner.left + slack &&
  outer.top <= inner.top + slack &&
  outer.right >= inner.right - slack &&
  outer.bottom >= inner.bottom - slack;
const insideFrame = ({ left, top, right, bottom }: Edges): boolean =>
  left > 0.5 && top > 0.5 && right < width - 0.5 && bottom < height - 0.5;

const boxes = fc
  .record({ left: fc.nat(width - 12), top: fc.nat(height - 12), w: fc.integer({ min: 10, max: 40 }), h: fc.nat(30) })
  .map(
    ({ left, top, w, h }): Edges => ({
      left,
      top,
      right: Math.min(width, left + w),
      bottom: Math.min(height, top + 10 + h),
    }),
  );
/** Three boxes in three channels; the fourth picture of a mosaic has none. */
const picturesOf = (three: readonly Edges[]): readonly LabelledImage[] => {
  const all = three.map((box, channel) => drawn(channel, box));
  return [...all, { image: { width, height, data: new Uint8Array(width * height * 3) }, labels: [] }];
};

/** What the labels say is where the pixels are; what has gone from the labels has all but gone from the picture. */
const agree = (result: LabelledImage, plan: ModernPlan, all: readonly LabelledImage[]): void => {
  // On a blurred ground the box itself is as bright as before, which its halo is not.
  const threshold = plan.mix.kind === 'mixup' ? 64 : plan.blur === 'ground' ? 250 : 128;
  for (const channel of [0, 1, 2]) {
    if (channel > partnersOf(plan)) continue;
    const seen = found(result.image, channel, threshold, plan.hole);
    const label = result.labels.find(({ classId }) => classId === channel);
    if (label === undefined) {
      const whole = edgesOf(all[channel].labels[0], all[channel].image);
      // A view may enlarge what it shows: only what is small on the whole picture may lack a label.
      const area = (whole.right - whole.left) * (whole.bottom - whole.top);
      expect(seen.pixels).toBeLessThanOrEqual(0.45 * area + 12);
      continue;
    }
    const box = edgesOf(label, result.image);
    const turned = plan.view !== undefined;
    // A strip of a pixel or two that a seam left is dimmed when it is turned, and may leave the frame but for the corner
    // of the box round it.
    const thin = Math.min(box.right - box.left, box.bottom - box.top) < 4;
    if (!(turned && (thin || !insideFrame(box)))) expect(seen.pixels).toBeGreaterThan(0);
    if (seen.pixels === 0) continue;
    expect(holds(box, seen.box, 1.01)).toBe(true);
    const hidden = plan.hole !== undefined || plan.mix.kind === 'mosaic' || plan.mix.kind === 'cutmix';
    if (!turned || (insideFrame(box) && !hidden)) expect(worst(box, seen.box)).toBeLessThanOrEqual(turned ? 1.6 : 1.01);
  }
};

const cases: readonly [string, ModernRanges][] = [
  ['mosaic', { mosaic: true }],
  ['mixup', { mixup: true }],
  ['cutmix', { cutmix: true }],
  ['angle', { angle: 30 }],
  ['aspect', { aspect: 1.5 }],
  ['shear', { shear: 20 }],
  ['perspective', { perspective: 0.2 }],
  ['angle, aspect, shear and perspective', { angle: 15, aspect: 1.2, shear: 8, perspective: 0.1 }],
  ['cutout', { cutout: 1 }],
  ['blur', { blur: 3 }],
  ['mosaic and cutout', { mosaic: true, cutout: 1 }],
  ['mosaic or cutmix or mixup, turned', { mosaic: true, cutmix: true, mixup: true, angle: 10 }],
];

describe('boxes and pixels move together', () => {
  it.each(cases)('%s', (_, ranges) => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(fc.array(boxes, { minLength: 3, maxLength: 3 }), fc.nat(1e6), (three, seed) => {
        const all = picturesOf(three);
        const plan = drawModern(counterRandom(seed, 1), width, height, ranges);
        kinds.add(plan.mix.kind);
        agree(applyModern(all.slice(0, 1 + partnersOf(plan)), plan), plan, all);
      }),
      { numRuns: 300 },
    );
    const wanted = (['mosaic', 'mixup', 'cutmix'] as const).filter((kind) => ranges[kind]);
    for (const kind of wanted) expect(kinds).toContain(kind);
  });
});

const at = (left: number, top: number, right: number, bottom: number): Edges => ({ left, top, right, bottom });
const edges = (picture: LabelledImage): Record<number, Edges> =>
  Object.fromEntries(picture.labels.map((label) => [label.classId, edgesOf(label, picture.image)]));
const near = (box: Edges) => Object.fromEntries(sides.map((side) => [side, expect.closeTo(box[side], 6)]));

describe('by hand', () => {
  const [a, b, c] = [drawn(0, at(4, 4, 24, 24)), drawn(1, at(30, 10, 60, 40)), drawn(2, at(0, 0, 64, 48))];

  it('a mosaic cuts boxes at its seams and shows the part it was told to', () => {
    const from = [
      [0, 0],
      [20, 0],
      [0, 0],
      [0, 0],
    ] as const;
    const made = mosaic([a, b, c, a], { x: 14, y: 20, from });
    expect(edges({ ...made, labels: made.labels.slice(0, 3) })).toEqual({
      0: near(at(4, 4, 14, 20)),
      1: near(at(24, 10, 54, 20)),
      2: near(at(0, 20, 14, 48)),
    });
    // The fourth again shows the first picture, moved by (14, 20).
    expect(edgesOf(made.labels[3], made.image)).toEqual(near(at(18, 24, 38, 44)));
  });

  it('mixup keeps all boxes and half of each light', () => {
    const made = mixUp(a, b, 0.5);
    expect(made.labels).toEqual([...a.labels, ...b.labels]);
    expect(Math.max(...made.image.data)).toBe(128);
  });

  it('a patch cuts off an end, leaves a box with a bite as it is, and takes one it hides', () => {
    const patch = at(14, 0, 64, 48);
    expect(edges(cutMix(a, c, patch))).toEqual({ 0: near(at(4, 4, 14, 24)), 2: near(at(14, 0, 64, 48)) });
    expect(edges(cutMix(a, c, at(14, 14, 64, 48)))[0]).toEqual(near(at(4, 4, 24, 24)));
    expect(edges(cutMix(a, c, at(2, 2, 30, 30)))).toEqual({ 2: near(at(2, 2, 30, 30)) });
  });

  it('a hole is grey and takes what it hides', () => {
    const made = cutOut(a, at(4, 4, 24, 23));
    expect(made.labels).toEqual([]);
    expect([...made.image.data.subarray((4 * width + 4) * 3, (4 * width + 4) * 3 + 3)]).toEqual([128, 128, 128]);
  });

  it('a quarter turn about the middle', () => {
    const plan: ModernPlan = {
      mix: { kind: 'none' },
      view: { ...noView, angle: 90 },
      hole: undefined,
      blur: 'none',
      grey: false,
    };
    // (x, y) from the middle (32, 24) goes to (y, -x), counter-clockwise.
    const box = at(36, 20, 46, 32);
    expect(edges(applyModern([drawn(1, box)], plan))[1]).toEqual(near(at(28, 10, 40, 20)));
  });

  it('objects stay sharp on a blurred ground', () => {
    const busy = { ...a, image: { ...a.image, data: a.image.data.map((v, i) => v ^ (i * 37)) } };
    const made = blurBackground(busy);
    const pixel = (image: Image, x: number, y: number) => [...image.data.subarray((y * width + x) * 3).subarray(0, 3)];
    expect(pixel(made.image, 4, 4)).toEqual(pixel(busy.image, 4, 4));
    expect(pixel(made.image, 23, 23)).toEqual(pixel(busy.image, 23, 23));
    expect(pixel(made.image, 24, 24)).not.toEqual(pixel(busy.image, 24, 24));
  });

  it('grey has three equal channels and the weights of OpenCV', () => {
    const { image } = greyscale({
      image: { width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 10, 200, 30) },
      labels: [],
    });
    expect([...image.data]).toEqual([76, 76, 76, 124, 124, 124]);
  });
});

describe('switches', () => {
  it('are all off by default', () => {
    expect(hasModern({})).toBe(false);
    expect(hasModern({ mosaic: false, aspect: 1, angle: 0, blur: 0 })).toBe(false);
    expect(hasModern({ aspect: 1.1 })).toBe(true);
    const plan = drawModern(counterRandom(1, 1), width, height, {});
    expect(plan).toEqual({ mix: { kind: 'none' }, view: undefined, hole: undefined, blur: 'none', grey: false });
  });

  it('out of range are refused by name', () => {
    expect(() => checkModern({ perspective: 0.5 })).toThrow('perspective is 0.5, expected 0 to 0.3');
    expect(() => checkModern({ shear: 60 })).toThrow('shear is 60');
    expect(() => checkModern({ grayscale: Number.NaN })).toThrow('grayscale');
  });
});
