/** A detector over a stream of letterboxed pictures; the next batches are decoded while this one is computed. */
import type { Stream, ValidationBatch, ValidationPicture } from '@gdarknet/data';
import {
  averageFlipped,
  type Candidates,
  type DetectOptions,
  type Detector,
  type ImageBatch,
  type Mix,
  mirrored,
} from '@gdarknet/yolo';
import { turn } from '../core/turn.ts';

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
  /** Averages what the network says of each picture and of its mirror image. */
  readonly flip?: boolean;
};

/** The pictures and their mirror images behind them. */
const withMirrors = ({ x, sizes }: ImageBatch, width: number): ImageBatch => {
  const both = new Float32Array(2 * x.length);
  both.set(x);
  both.set(mirrored(x, width, 3), x.length);
  return { x: both, sizes: [...sizes, ...sizes] };
};

const averagePairs: Mix = (outputs) => {
  const n = outputs.length / 2;
  return outputs.slice(0, n).map((own, i) => averageFlipped(own, outputs[n + i]));
};

/** In the stream's order. Ends early, without an error, when `signal` is raised. */
export const detectAll = async function* (
  detector: Detector,
  stream: Stream<ValidationBatch>,
  { batch, flip = false, ...options }: DetectAllOptions,
  signal: AbortSignal,
): AsyncGenerator<FoundBatch> {
  for await (const made of stream) {
    await turn();
    if (signal.aborted) return;
    if (made.n === 0) {
      yield { found: [], waitMs: made.waitMs };
      continue;
    }
    const filled = filledTo(batch, made);
    const candidates = await (flip
      ? detector.candidates(withMirrors(filled, made.width), { ...options, mix: averagePairs })
      : detector.candidates(filled, options));
    const found = made.pictures.map((picture, i) => ({ picture, candidates: candidates[i] }));
    yield { found, waitMs: made.waitMs };
  }
};
