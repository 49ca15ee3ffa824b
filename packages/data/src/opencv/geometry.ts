/** Cropping, padding and mirroring as OpenCV does them. */
import { type Raster, rasterLike, type Samples } from './raster.ts';

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
  for (let y = 0, o = 0; y < height; y++) {
    const row = (axis === 'horizontal' ? y : height - 1 - y) * width;
    for (let x = 0; x < width; x++) {
      const at = (row + (axis === 'vertical' ? x : width - 1 - x)) * channels;
      for (let c = 0; c < channels; c++) out.data[o++] = data[at + c];
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

/** OpenCV's `copyMakeBorder`. */
export const pad = <D extends Samples>(
  source: Raster<D>,
  { top, bottom, left, right }: Readonly<Record<'top' | 'bottom' | 'left' | 'right', number>>,
  border: Border,
): Raster<D> => {
  const out = rasterLike(source, source.width + left + right, source.height + top + bottom);
  const { channels, data } = source;
  for (let y = 0, o = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      const [sx, sy] = [x - left, y - top];
      const inside = sx >= 0 && sx < source.width && sy >= 0 && sy < source.height;
      const rule = typeof border === 'string' ? border : 'replicate';
      const at =
        (borderPosition(sy, source.height, rule) * source.width + borderPosition(sx, source.width, rule)) * channels;
      for (let c = 0; c < channels; c++) {
        out.data[o++] = inside || typeof border === 'string' ? data[at + c] : (border[c] ?? 0);
      }
    }
  }
  return out;
};
