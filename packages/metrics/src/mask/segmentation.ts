/** What `segmentation` may be in COCO's files: polygons, runs as a list, runs as text. */
import { isFiniteNumber, isRow } from '../check/rows.ts';
import { maskOfPolygon } from './polygon.ts';
import type { Rle } from './rle.ts';
import { MaskError, runsOfText, unionOf } from './rle.ts';

/** Polygons of one object, each `x1 y1 x2 y2 ...`. */
export type Polygons = readonly (readonly number[])[];

export interface RleObject {
  /** Height and width. */
  readonly size: readonly number[];
  readonly counts: string | readonly number[];
}

export type Segmentation = Polygons | RleObject;

/** The size that polygons are drawn in. */
export interface MaskSize {
  readonly height?: number | undefined;
  readonly width?: number | undefined;
}

const mostPixels = 2 ** 31;
const isSide = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

const sized = (height: unknown, width: unknown, what: string): readonly [number, number] => {
  if (!isSide(height) || !isSide(width) || height * width > mostPixels) {
    throw new MaskError(`${what} must be whole numbers above 0, height and width of the image`);
  }
  return [height, width];
};

const isPolygon = (value: unknown): boolean =>
  Array.isArray(value) && value.length >= 6 && value.length % 2 === 0 && value.every(isFiniteNumber);

/** Runs of 0 pixels inside a mask say nothing; without them every walk over the runs is whole. */
const compacted = (runs: Uint32Array): Uint32Array => {
  let empty = false;
  for (let i = 1; i < runs.length && !empty; i++) empty = runs[i] === 0;
  if (!empty) return runs;
  const out = runs.slice();
  let count = 1;
  for (let i = 1; i < runs.length; i++) {
    if (runs[i] !== 0) out[count++] = runs[i];
    else if (i + 1 < runs.length) out[count - 1] += runs[++i];
  }
  return out.slice(0, count);
};

export const refusePixels = (pixels: number, height: number, width: number): never => {
  throw new MaskError(`counts sum to ${pixels} pixels, and ${height} x ${width} has ${height * width}`);
};

/** A mask as text whose size was looked at. */
export interface TextMask {
  readonly height: number;
  readonly width: number;
  readonly counts: string;
}

/**
 * Runs as text, not yet read; undefined for every other kind of segmentation.
 * @throws MaskError
 */
export const textMaskOf = (segmentation: unknown): TextMask | undefined => {
  if (!isRow(segmentation)) return undefined;
  const { size, counts } = segmentation;
  if (typeof counts !== 'string' || !Array.isArray(size) || size.length !== 2) return undefined;
  const [height, width] = sized(size[0], size[1], 'size');
  return { height, width, counts };
};

const ofRuns = ({ size, counts }: RleObject, compat: boolean): Rle => {
  if (!Array.isArray(size) || size.length !== 2) throw new MaskError('size must be [height, width]');
  const [height, width] = sized(size[0], size[1], 'size');
  const isRun = (run: unknown): boolean => Number.isSafeInteger(run) && (run as number) >= 0;
  if (typeof counts !== 'string' && !(Array.isArray(counts) && counts.every(isRun))) {
    throw new MaskError('counts must be text or a list of whole numbers not below 0');
  }
  const runs = typeof counts === 'string' ? runsOfText(counts) : Uint32Array.from(counts);
  let pixels = 0;
  for (let i = 0; i < runs.length; i++) pixels += runs[i];
  if (pixels !== height * width) refusePixels(pixels, height, width);
  return { height, width, counts: compat ? runs : compacted(runs) };
};

/**
 * The mask of a segmentation.
 * @param size of the image, which polygons need.
 * @param compat keeps empty runs, at which pycocotools may stop early.
 * @throws MaskError saying what it should be.
 */
export const maskOf = (segmentation: unknown, size: MaskSize = {}, compat = false): Rle => {
  if (Array.isArray(segmentation)) {
    if (segmentation.length === 0) throw new MaskError('a segmentation has a polygon at least');
    if (!segmentation.every(isPolygon)) {
      throw new MaskError('a polygon is a list of six numbers at least, x1 y1 x2 y2 x3 y3 ...');
    }
    const [height, width] = sized(size.height, size.width, 'polygons need the sizes of their image: they');
    return unionOf((segmentation as Polygons).map((polygon) => maskOfPolygon(polygon, height, width)));
  }
  if (isRow(segmentation)) return ofRuns(segmentation as unknown as RleObject, compat);
  throw new MaskError('a segmentation is a list of polygons or { size, counts }');
};
