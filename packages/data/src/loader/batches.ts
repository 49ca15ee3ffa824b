/**
 * Seeded training batches and ordered validation batches. The same seed gives the same batches, byte for byte,
 * whatever the number of worker threads, and from any batch on.
 */
import { checkModern } from '../augment/modern/modern.ts';
import { defaultRanges } from '../augment/parameters.ts';
import type { AugmentOptions } from '../augment/sample.ts';
import type { DataFault } from '../fault.ts';
import type { Image } from '../image/image.ts';
import type { LetterboxFrame } from '../image/letterbox.ts';
import type { ResizeOptions } from '../image/resize.ts';
import type { Label } from '../labels/label.ts';
import type { MakerOptions } from './make.ts';
import { openPool } from './pool.ts';
import type { Sampling } from './sampling.ts';
import { type Source, sourceLength } from './source.ts';
import { type Stream, streamOf } from './stream.ts';

type Common = {
  /** Paths, decoded pictures, or a source. */
  readonly images: readonly string[] | readonly Image[] | Source;
  /** One list for each picture; for paths, the label files are read when this is absent. */
  readonly labels?: readonly (readonly Label[])[];
  /** With label files: class indices at or above this are faults. */
  readonly classes?: number;
  /** Size of the network's input in pixels. */
  readonly width: number;
  readonly height: number;
  /** Batches made ahead; 2 unless told. Memory is bounded by prefetch + 1 batches. */
  readonly prefetch?: number;
  /** Worker threads; 0 makes batches in this thread. 1 unless told. */
  readonly workers?: number;
  /** Decoded pictures kept in memory, in bytes over all workers; 256 MiB unless told, 0 for none. */
  readonly cacheBytes?: number;
  /** Called once for each distinct fault (an unreadable picture, a bad label line). */
  readonly onFault?: (fault: DataFault) => void;
};

export type BatchOptions = Common & {
  /** Pictures in a batch. */
  readonly batch: number;
  /** Make only these pictures of each batch, from one up to another: for one of several that share its work. */
  readonly slice?: { readonly from: number; readonly to: number };
  /**
   * Pictures whose shorter side is twice this or more are shrunk by a whole number when decoded, so that more of them
   * fit into the cache. It changes their pixels; 2.5 times the largest input loses next to nothing. Off unless told.
   */
  readonly shrinkTo?: number;
  readonly seed: number;
  /** Ranges of the augmentation; the stock cfg's unless told, `noRanges` for none. */
  readonly augment?: AugmentOptions;
  /** The first batch to make, counted from 0: resuming at k gives what an unbroken run had there. */
  readonly start?: number;
  /** The number of the batch to stop before; endless when absent. */
  readonly end?: number;
  /** Capacity of the truth rows of one picture; 90 unless told, as the original. */
  readonly maxBoxes?: number;
  readonly sampling?: Sampling;
  /** The input's size for a batch instead of `width` and `height` (multi-scale training). */
  readonly sizeOf?: (batch: number) => { readonly width: number; readonly height: number };
};

export type Batch = {
  /** Counted from 0. */
  readonly index: number;
  readonly n: number;
  readonly width: number;
  readonly height: number;
  /** `[n, height, width, 3]`, red, green, blue, 0..1. */
  readonly x: Float32Array<ArrayBuffer>;
  /** `[n, maxBoxes, 5]`: centre x, centre y, width, height relative to the input, class; zeros behind the last. */
  readonly truths: Float32Array<ArrayBuffer>;
  /** How many truth rows of each picture count. */
  readonly counts: Int32Array<ArrayBuffer>;
  readonly maxBoxes: number;
  readonly paths: readonly string[];
  /** How long the caller waited for this batch, in milliseconds. */
  readonly waitMs: number;
};

export type BatchStream = Stream<Batch>;

const defaultCacheBytes = 256 * 1024 * 1024;
const defaultMaxBoxes = 90;
const noAugment: AugmentOptions = defaultRanges;

const isSource = (images: Common['images']): images is Source => 'kind' in images;
const arePaths = (images: readonly string[] | readonly Image[]): images is readonly string[] =>
  typeof images[0] === 'string';

const sourceOf = ({ images, labels, classes }: Common): Source => {
  if (isSource(images)) return images;
  if (arePaths(images)) return { kind: 'files', images, labels, classes };
  return { kind: 'memory', images, labels: labels ?? [] };
};

const check = (name: string, value: number, least: number): void => {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`${name} is ${value}, expected a whole number of at least ${least}`);
  }
};

const prepare = (options: Common): Source => {
  const source = sourceOf(options);
  check('the number of images', sourceLength(source), 1);
  check('width', options.width, 1);
  check('height', options.height, 1);
  check('prefetch', options.prefetch ?? 0, 0);
  check('workers', options.workers ?? 0, 0);
  return source;
};

/**
 * Endless (or up to `end`) augmented batches. Pictures that cannot be read are replaced by others, counted and
 * reported once; the stream rejects with `NoUsablePicture` only when nothing can be read at all.
 */
export const batches = (options: BatchOptions): BatchStream => {
  const source = prepare(options);
  const {
    batch,
    slice = { from: 0, to: batch },
    seed,
    start = 0,
    end = Number.POSITIVE_INFINITY,
    maxBoxes = defaultMaxBoxes,
  } = options;
  check('batch', batch, 1);
  check('pictures of a slice', slice.to - slice.from, 1);
  check('start', start, 0);
  check('maxBoxes', maxBoxes, 1);
  check('shrinkTo', options.shrinkTo ?? 1, 1);
  checkModern(options.augment?.modern ?? {});
  const makerOptions: MakerOptions = {
    source,
    cacheBytes: options.cacheBytes ?? defaultCacheBytes,
    shrinkTo: options.shrinkTo,
    seed,
    sampling: options.sampling ?? 'replacement',
    augment: options.augment ?? noAugment,
    maxBoxes,
    resize: {},
    withLabels: true,
  };
  const { width, height } = options;
  const sizeOf = options.sizeOf ?? (() => ({ width, height }));
  return streamOf({
    pool: openPool(makerOptions, options.workers ?? 1),
    start,
    prefetch: options.prefetch ?? 2,
    onFault: options.onFault,
    jobOf: (index) =>
      index < end
        ? { kind: 'train', place: index * batch + slice.from, count: slice.to - slice.from, ...sizeOf(index) }
        : undefined,
    deliver: (index, job, { x, truths, counts, pictures }, waitMs): Batch => ({
      index,
      n: job.count,
      width: job.width,
      height: job.height,
      x,
      truths,
      counts,
      maxBoxes,
      paths: pictures.map(({ path }) => path),
      waitMs,
    }),
  });
};

export type ValidationOptions = Common &
  ResizeOptions & {
    /** Pictures in a batch; 1 unless told. The last batch, and one with unreadable pictures, is smaller. */
    readonly batch?: number;
    /** Read label files too. */
    readonly withLabels?: boolean;
  };

export type ValidationPicture = {
  /** Place in the list. */
  readonly index: number;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly frame: LetterboxFrame;
  readonly labels: readonly Label[];
};

export type ValidationBatch = {
  readonly index: number;
  readonly n: number;
  readonly width: number;
  readonly height: number;
  /** `[n, height, width, 3]`, letterboxed, 0..1. */
  readonly x: Float32Array<ArrayBuffer>;
  readonly pictures: readonly ValidationPicture[];
  readonly waitMs: number;
};

/** Every readable picture once, in order, letterboxed. Unreadable ones are left out, counted and reported. */
export const validationBatches = (options: ValidationOptions): Stream<ValidationBatch> => {
  const source = prepare(options);
  const total = sourceLength(source);
  const { batch = 1, width, height, darkLastRow } = options;
  check('batch', batch, 1);
  const makerOptions: MakerOptions = {
    source,
    cacheBytes: options.cacheBytes ?? 0,
    seed: 0,
    sampling: 'replacement',
    augment: noAugment,
    maxBoxes: 1,
    resize: { darkLastRow },
    withLabels: options.withLabels ?? false,
  };
  return streamOf({
    pool: openPool(makerOptions, options.workers ?? 1),
    start: 0,
    prefetch: options.prefetch ?? 2,
    onFault: options.onFault,
    jobOf: (index) => {
      const place = index * batch;
      return place < total
        ? { kind: 'ordered', place, count: Math.min(batch, total - place), width, height }
        : undefined;
    },
    deliver: (index, job, { x, pictures }, waitMs): ValidationBatch => ({
      index,
      n: pictures.length,
      width: job.width,
      height: job.height,
      x,
      pictures: pictures.flatMap(({ frame, labels, ...rest }) =>
        frame ? [{ ...rest, frame, labels: labels ?? [] }] : [],
      ),
      waitMs,
    }),
  });
};
