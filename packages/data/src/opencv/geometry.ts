/** Cropping, padding and mirroring as OpenCV does them. */
import { type Raster, rasterLike, type Samples } from '../raster/raster.ts';

/** The rectangle at (`left`, `top`); what lies outside the picture is 0. */
export const cropZeroPad = <D extends Samples>(
  source: Raster<D>,
  left: number,
  top: number,
  width: number,
  height: number,
): Raster<D> => {
  const out = rasterLike(source, width, height);
  const { channels } = source;
  const from = Math.max(0, left);
  const to = Math.min(source.width, left + width);
  if (to <= from) return out;
  for (let y = Math.max(0, top); y < Math.min(source.height, top + height); y++) {
    const row = y * source.width;
    const part = source.data.subarray((row + from) * channels, (row + to) * channels);
    out.data.set(part, ((y - top) * width + from - left) * channels);
  }
  return out;
};

/** Mirrors left and right, or top and bottom, or both. */
export const flip = <D extends Samples>(source: Raster<D>, axis: 'horizontal' | 'vertical' | 'both'): Raster<D> => {
  const { width, height, channels, data } = source;
  const out = rasterLike(source, width, height);
  const samples = width * channels;
  for (let y = 0; y < height; y++) {
    const from = (axis === 'horizontal' ? y : height - 1 - y) * samples;
    if (axis === 'vertical') {
      out.data.set(data.subarray(from, from + samples), y * samples);
      continue;
    }
    for (let c = 0; c < channels; c++) {
      const first = y * samples + c;
      for (let o = first, i = from + samples - channels + c; o < first + samples; o += channels, i -= channels) {
        out.data[o] = data[i];
      }
    }
  }
  return out;
};

/** What a border is filled with: the nearest edge pixel, the mirror image without the edge repeated, or a value. */
export type Border = 'replicate' | 'reflect101' | readonly number[];

/** The source position that stands at `i` of 0..n-1 under a border rule. */
export const borderPosition = (i: number, n: number, border: 'replicate' | 'reflect101'): number => {
  if (border === 'replicate' || n === 1) return Math.min(Math.max(i, 0), n - 1);
  const period = 2 * (n - 1);
  const at = ((i % period) + period) % period;
  return at < n ? at : period - at;
};

const fillPixels = (data: Samples, channels: number, value: readonly number[]): void => {
  const pixel = Array.from({ length: channels }, (_, c) => value[c] ?? 0);
  data.set(pixel.slice(0, data.length));
  // Twice as much at a time.
  for (let done = channels; done < data.length; done *= 2) data.copyWithin(done, 0, done);
};

/** OpenCV's `copyMakeBorder`. */
export const pad = <D extends Samples>(
  source: Raster<D>,
  { top, bottom, left, right }: Readonly<Record<'top' | 'bottom' | 'left' | 'right', number>>,
  border: Border,
): Raster<D> => {
  const out = rasterLike(source, source.width + left + right, source.height + top + bottom);
  const { width, height, channels, data } = source;
  const rule = typeof border === 'string' ? border : undefined;
  const [samples, wide] = [width * channels, out.width * channels];
  if (rule === undefined) fillPixels(out.data, channels, border as readonly number[]);
  const edges = [
    ...Array.from({ length: left }, (_, x) => [x, x - left]),
    ...Array.from({ length: right }, (_, x) => [left + width + x, width + x]),
  ];
  for (let y = 0; y < height; y++) {
    const start = (top + y) * wide;
    out.data.set(data.subarray(y * samples, (y + 1) * samples), start + left * channels);
    if (rule === undefined) continue;
    for (const [x, at] of edges) {
      const from = start + (left + borderPosition(at, width, rule)) * channels;
      out.data.copyWithin(start + x * channels, from, from + channels);
    }
  }
  if (rule === undefined) return out;
  for (let y = -top; y < height + bottom; y++) {
    if (y >= 0 && y < height) continue;
    const from = (top + borderPosition(y, height, rule)) * wide;
    out.data.copyWithin((top + y) * wide, from, from + wide);
  }
  return out;
};
