/**
 * The arithmetic of OpenCV's 8-bit HSV (`../opencv/hsv.ts`) as phrases of vector kernels, bit for bit: tables become
 * formulas whose every step is exact or rounds alike. Bytes are whole floats.
 */
import type { Func, Local } from '@gdarknet/tensor/emitter';

const third = Math.fround(1 / 255);
const hueStep = Math.fround(6 / 180);

/** Sets the value and the chroma of r, g, b, and leaves the place on the circle of hue, in chromas. */
export const circle = (f: Func, [r, g, b]: readonly Local[], value: Local, chroma: Local): void => {
  f.get(r, g).do('f32x4.pmax').get(b).do('f32x4.pmax').set(value);
  f.get(value, r, g).do('f32x4.pmin').get(b).do('f32x4.pmin', 'f32x4.sub').set(chroma);
  // value == r ? g - b : value == g ? b - r + 2 chroma : r - g + 4 chroma
  f.get(g, b).do('f32x4.sub');
  f.get(b, r).do('f32x4.sub').get(chroma, chroma).do('f32x4.add', 'f32x4.add');
  f.get(r, g).do('f32x4.sub').get(chroma).fixed(4).do('f32x4.mul', 'f32x4.add');
  f.get(value, g).do('f32x4.eq', 'v128.bitselect').get(value, r).do('f32x4.eq', 'v128.bitselect');
};

/** floor((n * round(scale / max(1, by)) + 2048) / 4096) with n on the stack; every step is exact below 2^24. */
const divide = (f: Func, scale: number, by: Local): void => {
  f.fixed(scale).get(by).fixed(1).do('f32x4.pmax', 'f32x4.div', 'f32x4.nearest');
  f.fixed(1 / 4096).do('f32x4.mul', 'f32x4.mul');
  f.fixed(0.5).do('f32x4.add', 'f32x4.floor');
};

/** The chroma on the stack to the saturation. */
export const saturationOf = (f: Func, value: Local): void => divide(f, 255 * 4096, value);

/** The place on the stack to the hue, 0..179. */
export const hueOf = (f: Func, chroma: Local, work: Local): void => {
  divide(f, 30 * 4096, chroma);
  f.tee(work).fixed(180).get(work).fixed(0).do('f32x4.lt', 'v128.and', 'f32x4.add');
};

/** The byte on the stack as a share. */
export const shareOf = (f: Func): void => {
  f.fixed(third).do('f32x4.mul');
};

/** The hue on the stack on a circle of 6; `beyond`: it may be 180 or more, and goes round. */
export const sixthsOf = (f: Func, work: Local, beyond: boolean): void => {
  f.fixed(hueStep).do('f32x4.mul');
  if (beyond) f.tee(work).fixed(6).get(work).fixed(6).do('f32x4.ge', 'v128.and', 'f32x4.sub');
};

/** By channel: how its distance from its own sectors on the circle of 6 is found. */
const distances = [
  { from: 1, to: 5, choose: 'f32x4.pmin' },
  { from: 3, to: 1, choose: 'f32x4.pmax' },
  { from: 5, to: 3, choose: 'f32x4.pmax' },
] as const;

/**
 * Leaves a channel's byte, from value and saturation as shares and hue on the circle. How far a channel is from its own
 * sectors, up to 1: so much of the saturation it lacks of the value.
 */
export const channelOf = (f: Func, channel: 0 | 1 | 2, [v, s, h]: readonly Local[], work: Local): void => {
  const { from, to, choose } = distances[channel];
  f.get(h).fixed(from).do('f32x4.sub').fixed(to).get(h).do('f32x4.sub', choose);
  f.fixed(0).do('f32x4.pmax').fixed(1).do('f32x4.pmin').set(work);
  f.get(v).fixed(1).get(s, work).do('f32x4.mul', 'f32x4.sub', 'f32x4.mul').fixed(255).do('f32x4.mul', 'f32x4.nearest');
};
