/** Boxes with labels drawn into a picture, as the original's `predictions.jpg` (SPEC 6.5). */
import type { Image } from '../image/image.ts';
import { glyphDot, glyphHeight, glyphWidth } from './glyphs.ts';

export type Rgb = readonly [number, number, number];

export type DrawnBox = {
  /** Centre and size relative to the picture; what lies outside is cut. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly colour: Rgb;
  readonly label?: string;
  /** 0..1, shown in per cent behind the label. */
  readonly score?: number;
};

export type DrawOptions = {
  /** Pixels; the original's 0.6 % of the height, at least 1, unless told. */
  readonly lineWidth?: number;
  /** Pixels for a dot of the letters; fitted to the height unless told. */
  readonly textScale?: number;
};

/** From the original's rainbow: magenta, blue, cyan, green, yellow, red. */
const rainbow: readonly Rgb[] = [
  [1, 0, 1],
  [0, 0, 1],
  [0, 1, 1],
  [0, 1, 0],
  [1, 1, 0],
  [1, 0, 0],
];
const scatter = 123457;

/** The original's colour of a class, 0..255. */
export const classColour = (classId: number, classes: number): Rgb => {
  const at = (((classId * scatter) % classes) / classes) * (rainbow.length - 1);
  const [from, to] = [rainbow[Math.floor(at)], rainbow[Math.ceil(at)]];
  const mix = (c: 0 | 1 | 2): number => Math.round(255 * (from[c] + (to[c] - from[c]) * (at % 1)));
  return [mix(0), mix(1), mix(2)];
};

const fill = (image: Image, left: number, top: number, right: number, bottom: number, colour: Rgb): void => {
  const [x0, x1] = [Math.max(0, left), Math.min(image.width, right)];
  const [y0, y1] = [Math.max(0, top), Math.min(image.height, bottom)];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) image.data.set(colour, (y * image.width + x) * 3);
  }
};

const drawText = (image: Image, text: string, left: number, top: number, scale: number, colour: Rgb): void => {
  for (let i = 0; i < text.length; i++) {
    for (let column = 0; column < glyphWidth; column++) {
      for (let row = 0; row < glyphHeight; row++) {
        if (!glyphDot(text[i], column, row)) continue;
        const x = left + (i * (glyphWidth + 1) + column) * scale;
        const y = top + row * scale;
        fill(image, x, y, x + scale, y + scale, colour);
      }
    }
  }
};

const black: Rgb = [0, 0, 0];
const white: Rgb = [255, 255, 255];
const readableOn = ([r, g, b]: Rgb): Rgb => (0.299 * r + 0.587 * g + 0.114 * b > 128 ? black : white);

const caption = ({ label = '', score }: DrawnBox): string =>
  score === undefined ? label : `${label} ${Math.round(score * 100)}%`.trim();

/** The picture's height for one dot of text: 7 dots are then about 3 % of it, and never unreadably small. */
const heightPerDot = 240;

/** A new picture with the boxes on it, in order; captions on a ground of the box's colour, kept inside the picture. */
export const drawBoxes = (image: Image, boxes: readonly DrawnBox[], options: DrawOptions = {}): Image => {
  const out: Image = { ...image, data: image.data.slice() };
  const { width, height } = image;
  const line = options.lineWidth ?? Math.max(1, Math.trunc(0.006 * height));
  const scale = options.textScale ?? Math.max(1, Math.round(height / heightPerDot));
  for (const box of boxes) {
    if (![box.x, box.y, box.w, box.h].every(Number.isFinite)) continue;
    const left = Math.max(0, Math.round((box.x - box.w / 2) * width));
    const right = Math.min(width, Math.round((box.x + box.w / 2) * width));
    const top = Math.max(0, Math.round((box.y - box.h / 2) * height));
    const bottom = Math.min(height, Math.round((box.y + box.h / 2) * height));
    fill(out, left, top, right, Math.min(top + line, bottom), box.colour);
    fill(out, left, Math.max(bottom - line, top), right, bottom, box.colour);
    fill(out, left, top, Math.min(left + line, right), bottom, box.colour);
    fill(out, Math.max(right - line, left), top, right, bottom, box.colour);
  }
  // Captions come last, so that no frame crosses them.
  for (const box of boxes) {
    const text = caption(box);
    if (text === '' || ![box.x, box.y, box.w, box.h].every(Number.isFinite)) continue;
    const [textWidth, textHeight] = [(text.length * (glyphWidth + 1) + 1) * scale, (glyphHeight + 2) * scale];
    const edge = Math.round((box.y - box.h / 2) * height);
    const above = edge - textHeight;
    const left = Math.max(0, Math.min(Math.round((box.x - box.w / 2) * width), width - textWidth));
    const top = Math.max(0, Math.min(above >= 0 ? above : edge + line, height - textHeight));
    fill(out, left, top, left + textWidth, top + textHeight, box.colour);
    drawText(out, text, left + scale, top + scale, scale, readableOn(box.colour));
  }
  return out;
};
