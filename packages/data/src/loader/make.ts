/** One batch from a source: the work that a worker thread, or the program itself, does for a job. */
import * as E from 'fp-ts/lib/Either.js';
import type { AugmentOptions } from '../augment/sample.ts';
import { truthFields } from '../augment/truth.ts';
import type { DataFault } from '../fault.ts';
import { type LetterboxFrame, letterboxInto } from '../image/letterbox.ts';
import type { ResizeOptions } from '../image/resize.ts';
import type { Label } from '../labels/label.ts';
import { picker, type Sampling } from './sampling.ts';
import { type Loaded, type OpenSource, openSource, type Sample, type Source } from './source.ts';
import { Spares } from './spares.ts';
import { trainingPictures } from './training.ts';

/** What stays the same for all jobs of a loader. Plain data: it is sent to worker threads. */
export type MakerOptions = {
  readonly source: Source;
  readonly cacheBytes: number;
  /** Pictures whose shorter side is twice this or more are shrunk when decoded. */
  readonly shrinkTo?: number;
  readonly seed: number;
  readonly sampling: Sampling;
  readonly augment: AugmentOptions;
  readonly maxBoxes: number;
  readonly resize: ResizeOptions;
  readonly withLabels: boolean;
};

/** `train`: `count` sampled and augmented pictures from `place` on. `ordered`: the pictures from `place` on, letterboxed. */
export type Job = {
  readonly kind: 'train' | 'ordered';
  readonly place: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
};

export type Made = {
  /** `[n, height, width, 3]`, 0..1. */
  readonly x: Float32Array<ArrayBuffer>;
  /** `[n, maxBoxes, 5]` and how many rows of each picture count; empty for ordered jobs. */
  readonly truths: Float32Array<ArrayBuffer>;
  readonly counts: Int32Array<ArrayBuffer>;
  readonly pictures: readonly Picture[];
  readonly faults: readonly DataFault[];
  /** How many pictures were passed over because they could not be read. */
  readonly skipped: number;
};

/** What a batch's row came from. */
export type Picture = {
  /** Index in the source and its path or name. */
  readonly index: number;
  readonly path: string;
  /** Size of the decoded picture. */
  readonly width: number;
  readonly height: number;
  /** Ordered jobs: where it lies in the input, and its labels if asked for. */
  readonly frame?: LetterboxFrame;
  readonly labels?: readonly Label[];
};

/** Pictures decoded at the same time: enough for libuv's four threads, and a bound on memory. */
const together = 4;

/** Runs `f` over 0..n-1, a few at a time. */
const forEachTogether = async (n: number, f: (i: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < n) await f(next++);
  };
  await Promise.all(Array.from({ length: Math.min(together, n) }, lane));
};

const pictureOf = (source: OpenSource, index: number, { image }: Sample): Picture => ({
  index,
  path: source.nameOf(index),
  width: image.width,
  height: image.height,
});

export type BatchMaker = {
  /** Results depend on the options and the job only. */
  readonly make: (job: Job) => Promise<Made>;
  /** Memory of an `x` that nobody reads any more, for the next ones. */
  readonly reuse: (memory: ArrayBuffer) => void;
};

export const batchMaker = (options: MakerOptions): BatchMaker => {
  const { seed, maxBoxes } = options;
  const source = openSource(options.source, options.cacheBytes, options.shrinkTo);
  const spares = new Spares();
  const place = trainingPictures(source, picker(options.sampling, seed, source.length), options);

  const train = async ({ place: from, count, width, height }: Job): Promise<Made> => {
    const x = spares.take(count * width * height * 3);
    const truths = new Float32Array(count * maxBoxes * truthFields);
    const counts = new Int32Array(count);
    const pictures = new Array<Picture>(count);
    // By place, not by who came first, so that reports do not depend on timing either.
    const faults = new Array<readonly DataFault[]>(count);
    let skipped = 0;
    await forEachTogether(count, async (row) => {
      const { found, count } = await place(from + row, { x, truths, width, height, row });
      counts[row] = count;
      pictures[row] = pictureOf(source, found[0].index, found[0].sample);
      faults[row] = found.flatMap(({ failures, sample }) => [...failures, ...sample.faults]);
      skipped += found.reduce((sum, { failures }) => sum + failures.length, 0);
    });
    return { x, truths, counts, pictures, faults: faults.flat(), skipped };
  };

  const ordered = async ({ place: from, count, width, height }: Job): Promise<Made> => {
    const loaded = new Array<Loaded>(count);
    await forEachTogether(count, async (i) => {
      loaded[i] = await source.load(from + i, options.withLabels);
    });
    const faults = loaded.flatMap((result) => (E.isLeft(result) ? [result.left] : result.right.faults));
    const usable = loaded.flatMap((result, i) =>
      E.isRight(result) ? [{ sample: result.right, index: from + i }] : [],
    );
    const x = spares.take(usable.length * width * height * 3);
    const pictures = usable.map(({ sample, index }, i): Picture => {
      const frame = letterboxInto(sample.image, width, height, x, i * width * height * 3, options.resize);
      return { ...pictureOf(source, index, sample), frame, labels: sample.labels };
    });
    const none = { truths: new Float32Array(0), counts: new Int32Array(0) };
    return { x, ...none, pictures, faults, skipped: count - usable.length };
  };

  const kinds = { train, ordered } as const;
  return { make: (job) => kinds[job.kind](job), reuse: (memory) => spares.give(memory) };
};
