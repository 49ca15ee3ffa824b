/** A detector over a stream of letterboxed pictures; the next batches are decoded while this one is computed. */
import type { Stream, ValidationBatch, ValidationPicture } from '@gdarknet/data';
import type { Candidates, DetectOptions, Detector } from '@gdarknet/yolo';
import { turn } from '../turn.ts';

export type Found = { readonly picture: ValidationPicture; readonly candidates: Candidates };
export type FoundBatch = { readonly found: readonly Found[]; readonly waitMs: number };

/** A smaller batch would need a plan of its own, so it is filled up with pictures whose boxes are thrown away. */
const filledTo = (n: number, { x, pictures, width, height }: ValidationBatch) => {
  const sizes = pictures.map((picture) => ({ width: picture.width, height: picture.height }));
  if (sizes.length === n) return { x, sizes };
  const filled = new Float32Array(n * width * height * 3);
  filled.set(x);
  return { x: filled, sizes: [...sizes, ...Array.from({ length: n - sizes.length }, () => ({ width, height }))] };
};

export type DetectAllOptions = DetectOptions & {
  /** Pictures in a batch of the stream. */
  readonly batch: number;
  readonly units: 'relative' | 'pixels';
};

/** In the stream's order. Ends early, without an error, when `signal` is raised. */
export const detectAll = async function* (
  detector: Detector,
  stream: Stream<ValidationBatch>,
  { batch, ...options }: DetectAllOptions,
  signal: AbortSignal,
): AsyncGenerator<FoundBatch> {
  for await (const made of stream) {
    await turn();
    if (signal.aborted) return;
    if (made.n === 0) {
      yield { found: [], waitMs: made.waitMs };
      continue;
    }
    const candidates = await detector.candidates(filledTo(batch, made), options);
    const found = made.pictures.map((picture, i) => ({ picture, candidates: candidates[i] }));
    yield { found, waitMs: made.waitMs };
  }
};
