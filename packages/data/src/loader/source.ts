/** Where pictures and their labels come from: files, memory, or the embedded generator. Plain data, so that worker threads can be told. */
import * as E from 'fp-ts/lib/Either.js';
import type { DataFault } from '../fault.ts';
import { type DecodeOptions, decodeImage } from '../image/decode.ts';
import type { Image } from '../image/image.ts';
import { type Label, readLabels } from '../labels/label.ts';
import { findLabelPath } from '../labels/label-path.ts';
import { resize } from '../opencv/resize.ts';
import { shapesSample } from '../shapes/sample.ts';
import { ByteCache } from './byte-cache.ts';

export type Source =
  | {
      readonly kind: 'files';
      readonly images: readonly string[];
      /** One list for each image; read from the label files (SPEC 7.1) when absent. */
      readonly labels?: readonly (readonly Label[])[];
      /** Class indices at or above this are faults. */
      readonly classes?: number;
      readonly decode?: DecodeOptions;
    }
  | {
      readonly kind: 'memory';
      readonly images: readonly Image[];
      readonly labels: readonly (readonly Label[])[];
      readonly names?: readonly string[];
    }
  | {
      readonly kind: 'shapes';
      readonly seed: number;
      readonly size: number;
      readonly count: number;
    };

export type Sample = {
  readonly image: Image;
  readonly labels: readonly Label[];
  /** Bad label lines; the good ones are in `labels`. */
  readonly faults: readonly DataFault[];
};

export type Loaded = E.Either<DataFault, Sample>;

/** Random access to a source. `load` never rejects; a picture that failed once is not read again. */
export type OpenSource = {
  readonly length: number;
  readonly nameOf: (index: number) => string;
  readonly load: (index: number, withLabels: boolean) => Promise<Loaded>;
};

export const sourceLength = (source: Source): number =>
  source.kind === 'shapes' ? source.count : source.images.length;

const nameIn = (source: Source, index: number): string => {
  if (source.kind === 'files') return source.images[index];
  if (source.kind === 'memory') return source.names?.[index] ?? `memory:${index}`;
  return `shapes:${source.seed}:${index}`;
};

const loadFile = async (
  source: Extract<Source, { kind: 'files' }>,
  index: number,
  withLabels: boolean,
): Promise<Loaded> => {
  const path = source.images[index];
  const image = await decodeImage(path, source.decode)();
  if (E.isLeft(image)) return image;
  const given = source.labels?.[index];
  if (given !== undefined || !withLabels) return E.right({ image: image.right, labels: given ?? [], faults: [] });
  const labels = await readLabels(findLabelPath(path), { classes: source.classes })();
  return E.isLeft(labels) ? labels : E.right({ image: image.right, ...labels.right });
};

const loadFrom = (source: Source, index: number, withLabels: boolean): Promise<Loaded> => {
  if (source.kind === 'files') return loadFile(source, index, withLabels);
  if (source.kind === 'memory') {
    const sample = { image: source.images[index], labels: source.labels[index] ?? [], faults: [] };
    return Promise.resolve(E.right(sample));
  }
  const { image, boxes } = shapesSample(source.seed, index, source.size);
  return Promise.resolve(E.right({ image, labels: boxes, faults: [] }));
};

/**
 * A large picture as the means of blocks, so that its shorter side is at least `side` and below twice that. Always done
 * when asked for, whether the cache keeps it or not: batches do not depend on the cache.
 */
export const shrinkTo = (image: Image, side: number): Image => {
  const factor = Math.floor(Math.min(image.width, image.height) / side);
  if (factor < 2) return image;
  const [width, height] = [Math.round(image.width / factor), Math.round(image.height / factor)];
  return { width, height, data: resize({ ...image, channels: 3 }, width, height, 'area').data };
};

/** `cacheBytes` of decoded pictures are kept in memory; larger ones are shrunk to `side` first, if one is given. */
export const openSource = (source: Source, cacheBytes: number, side?: number): OpenSource => {
  const cache = new ByteCache<Sample>(source.kind === 'memory' ? 0 : cacheBytes, (s) => s.image.data.byteLength);
  const failed = new Map<number, DataFault>();
  const load = async (index: number, withLabels: boolean): Promise<Loaded> => {
    const known = failed.get(index);
    if (known) return E.left(known);
    const kept = cache.get(index);
    if (kept) return E.right(kept);
    const read = await loadFrom(source, index, withLabels);
    const loaded =
      side === undefined ? read : E.map((sample: Sample) => ({ ...sample, image: shrinkTo(sample.image, side) }))(read);
    if (E.isLeft(loaded)) failed.set(index, loaded.left);
    else cache.set(index, loaded.right);
    return loaded;
  };
  return { length: sourceLength(source), nameOf: (index) => nameIn(source, index), load };
};
