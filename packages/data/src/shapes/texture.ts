/** Backgrounds and fillings: a smooth two-colour noise with a grain, and stripes. */
import type { Image } from '../image/image.ts';

/** Uniform 0..1. */
export type Draw = () => number;
export type Colour = readonly [number, number, number];

export const randomColour = (draw: Draw): Colour => [draw() * 255, draw() * 255, draw() * 255];

const luma = ([r, g, b]: Colour): number => 0.299 * r + 0.587 * g + 0.114 * b;

/** A colour whose brightness stands apart from `other`'s by at least `gap`. */
export const contrastingColour = (draw: Draw, other: Colour, gap: number): Colour => {
  for (;;) {
    const colour = randomColour(draw);
    if (Math.abs(luma(colour) - luma(other)) >= gap) return colour;
  }
};

const mix = (a: number, b: number, t: number): number => a + (b - a) * t;

/** Smooth noise 0..1 over the picture: a coarse random grid, interpolated. */
export const smoothNoise = (draw: Draw, cells: number, size: number): ((x: number, y: number) => number) => {
  const stride = cells + 2;
  const grid = Float32Array.from({ length: stride * stride }, draw);
  const scale = cells / size;
  return (x, y) => {
    const [u, v] = [x * scale, y * scale];
    const at = Math.trunc(v) * stride + Math.trunc(u);
    const [fu, fv] = [u % 1, v % 1];
    return mix(mix(grid[at], grid[at + 1], fu), mix(grid[at + stride], grid[at + stride + 1], fu), fv);
  };
};

/** A fast grain of its own: xorshift32, since a picture needs one number for each pixel. */
export const grain = (draw: Draw, strength: number): (() => number) => {
  let state = Math.trunc(draw() * 0x7fffffff) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state / 0x80000000) * strength;
  };
};

/** Stripes as -1..1 along a random direction. */
export const stripes = (draw: Draw, wavelength: number): ((x: number, y: number) => number) => {
  const angle = draw() * Math.PI;
  const [a, b] = [(Math.cos(angle) * 2 * Math.PI) / wavelength, (Math.sin(angle) * 2 * Math.PI) / wavelength];
  const phase = draw() * 2 * Math.PI;
  return (x, y) => Math.sin(a * x + b * y + phase);
};

const clampByte = (v: number): number => Math.max(0, Math.min(255, v));

/** A square textured background and the mean of its two colours. */
export const texturedBackground = (draw: Draw, size: number): { readonly image: Image; readonly colour: Colour } => {
  const first = randomColour(draw);
  const second: Colour = [
    first[0] + (draw() - 0.5) * 90,
    first[1] + (draw() - 0.5) * 90,
    first[2] + (draw() - 0.5) * 90,
  ];
  const coarse = smoothNoise(draw, 3 + Math.trunc(draw() * 4), size);
  const fine = smoothNoise(draw, 16, size);
  const stripe = stripes(draw, 4 + draw() * 20);
  const stripeStrength = draw() < 0.5 ? 0 : draw() * 14;
  const noise = grain(draw, 3 + draw() * 12);
  const data = new Uint8Array(size * size * 3);
  for (let y = 0, o = 0; y < size; y++) {
    for (let x = 0; x < size; x++, o += 3) {
      const t = 0.7 * coarse(x, y) + 0.3 * fine(x, y);
      const light = noise() + (stripeStrength === 0 ? 0 : stripeStrength * stripe(x, y));
      data[o] = clampByte(mix(first[0], second[0], t) + light);
      data[o + 1] = clampByte(mix(first[1], second[1], t) + light);
      data[o + 2] = clampByte(mix(first[2], second[2], t) + light);
    }
  }
  const colour: Colour = [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2, (first[2] + second[2]) / 2];
  return { image: { width: size, height: size, data }, colour };
};
