/**
 * Masks as COCO writes them: run lengths down the columns of an image, beginning with a run of 0 (RLE), as a list or as
 * text (six bits a character, differences to the run before the last). Measures follow maskApi.c of pycocotools.
 */

/** One mask. */
export interface Rle {
  readonly height: number;
  readonly width: number;
  /** Lengths of the runs, 0 first, down the columns. */
  readonly counts: Uint32Array;
}

/** Thrown on text or runs that are no mask. */
export class MaskError extends Error {
  override readonly name = 'MaskError';
}

const first = 48;
const last = first + 63;

const refuseCode = (at: number): never => {
  throw new MaskError(`the text of the mask has a character that is none of its 64, at ${at}`);
};

/** Where a number of a text ends, and what it is. */
const wide = { end: 0, value: 0 };

/** Reads a number of any length; the fast path below knows those of up to 25 bits. */
const readWide = (text: string, from: number): void => {
  let value = 0;
  let shift = 1;
  let at = from;
  for (let more = true; more; ) {
    if (at >= text.length) throw new MaskError('the text of the mask is cut off');
    const bits = text.charCodeAt(at) - first;
    if (bits < 0 || bits > last - first) refuseCode(at);
    at++;
    value += (bits & 31) * shift;
    shift *= 32;
    if (shift > 2 ** 40) throw new MaskError('the text of the mask has a run beyond any image');
    more = (bits & 32) !== 0;
    // The highest of the bits is the sign.
    if (!more && (bits & 16) !== 0) value -= shift;
  }
  wide.end = at;
  wide.value = value;
};

/**
 * Writes the runs of a mask's text into `runs` from `from` on, which has room for as many as the text has characters.
 * @returns how many there are.
 * @throws MaskError
 */
export const readRuns = (text: string, runs: Uint32Array, from: number): number => {
  const length = text.length;
  let to = from;
  for (let at = 0; at < length; ) {
    const start = at;
    let bits = text.charCodeAt(at++) - first;
    // Most numbers are one character: four bits and a sign.
    let value = (bits << 27) >> 27;
    if (bits < 0 || bits > 31) {
      value = bits & 31;
      let shift = 5;
      while ((bits & 32) !== 0 && bits >= 0 && bits < 64 && shift < 25 && at < length) {
        bits = text.charCodeAt(at++) - first;
        value |= (bits & 31) << shift;
        shift += 5;
      }
      if (bits < 0 || bits >= 64) refuseCode(at - 1);
      if ((bits & 32) !== 0) {
        readWide(text, start);
        at = wide.end;
        value = wide.value;
      } else if ((bits & 16) !== 0) value -= 1 << shift;
    }
    if (to - from > 2) value += runs[to - 2];
    if (value < 0 || value > 0xffffffff)
      throw new MaskError('the text of the mask has a run below 0 or beyond any image');
    runs[to++] = value;
  }
  return to - from;
};

/**
 * The runs of a mask's text.
 * @throws MaskError where the text is cut off or has a character beyond the 64 that are used.
 */
export const runsOfText = (text: string): Uint32Array => {
  const runs = new Uint32Array(text.length);
  return runs.slice(0, readRuns(text, runs, 0));
};

/** The inverse of `runsOfText`. */
export const textOfRuns = (runs: ArrayLike<number>): string => {
  const codes: number[] = [];
  for (let i = 0; i < runs.length; i++) {
    let value = i > 2 ? runs[i] - runs[i - 2] : runs[i];
    for (let more = true; more; ) {
      const bits = ((value % 32) + 32) % 32;
      value = Math.floor(value / 32);
      more = (bits & 16) !== 0 ? value !== -1 : value !== 0;
      codes.push(first + (more ? bits + 32 : bits));
    }
  }
  let text = '';
  for (let i = 0; i < codes.length; i += 4096) text += String.fromCharCode(...codes.slice(i, i + 4096));
  return text;
};

/** Pixels of the mask. */
export const maskArea = ({ counts }: Pick<Rle, 'counts'>): number => {
  let area = 0;
  for (let i = 1; i < counts.length; i += 2) area += counts[i];
  return area;
};

/** x, y, width, height of the pixels; zeros where there is none. */
export const maskBox = ({ height, width, counts }: Rle): readonly [number, number, number, number] => {
  const runs = counts.length - (counts.length % 2);
  let [left, top, right, bottom] = [width, height, 0, 0];
  let end = 0;
  for (let i = 0; i < runs; i += 2) {
    const start = end + counts[i];
    const length = counts[i + 1];
    end = start + length;
    if (length === 0) continue;
    const startColumn = Math.floor(start / height);
    const endColumn = Math.floor((end - 1) / height);
    left = Math.min(left, startColumn);
    right = Math.max(right, endColumn);
    if (startColumn < endColumn) {
      top = 0;
      bottom = height - 1;
    } else {
      top = Math.min(top, start % height);
      bottom = Math.max(bottom, (end - 1) % height);
    }
  }
  // pycocotools gives a mask of empty runs a box that begins at the far corner; no pixel is a box of nothing here.
  return left > right ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
};

/** A mask of `[column * height + row]`, 0 or not, as runs. */
export const maskOfPixels = (pixels: ArrayLike<number>, height: number, width: number): Rle => {
  const runs: number[] = [];
  let value = 0;
  let length = 0;
  for (let i = 0; i < pixels.length; i++) {
    const here = pixels[i] ? 1 : 0;
    if (here !== value) {
      runs.push(length);
      length = 0;
      value = here;
    }
    length++;
  }
  runs.push(length);
  return { height, width, counts: Uint32Array.from(runs) };
};

/** The inverse of `maskOfPixels`: one byte a pixel, down the columns. */
export const pixelsOfMask = ({ height, width, counts }: Rle): Uint8Array => {
  const pixels = new Uint8Array(height * width);
  let at = 0;
  for (let i = 0; i < counts.length; i++) {
    if (i % 2 === 1) pixels.fill(1, at, at + counts[i]);
    at += counts[i];
  }
  return pixels;
};

/** The pixels of any of the masks, which have one size. */
export const unionOf = (masks: readonly Rle[]): Rle => {
  const [head, ...rest] = masks;
  if (head === undefined) throw new MaskError('a union needs a mask');
  return rest.reduce(unionOfTwo, head);
};

const unionOfTwo = (a: Rle, b: Rle): Rle => {
  const runs = new Uint32Array(a.counts.length + b.counts.length);
  let count = 0;
  let [i, j, leftA, leftB] = [1, 1, a.counts[0] ?? 0, b.counts[0] ?? 0];
  let [inA, inB, value, length] = [false, false, false, 0];
  for (let more = true; more; ) {
    const step = Math.min(leftA, leftB);
    length += step;
    leftA -= step;
    leftB -= step;
    if (leftA === 0 && i < a.counts.length) {
      leftA = a.counts[i++];
      inA = !inA;
    }
    if (leftB === 0 && j < b.counts.length) {
      leftB = b.counts[j++];
      inB = !inB;
    }
    more = leftA + leftB > 0;
    const before = value;
    value = inA || inB;
    if (value !== before || !more) {
      runs[count++] = length;
      length = 0;
    }
  }
  return { ...a, counts: runs.slice(0, count) };
};
