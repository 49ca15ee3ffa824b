/** Assesses weights while their network is being trained: a detector is made of them, used, and closed. */
import { showFault, type ValidationOptions } from '@gdarknet/data';
import type { Device } from '@gdarknet/tensor';
import { loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure, thrown } from '../core/failure.ts';
import { type Assessment, assess } from '../detection/assess.ts';

export type AssessorOptions = {
  readonly cfg: string;
  readonly cfgFile: string;
  readonly ignore?: readonly string[];
  readonly device: Device;
  readonly names: readonly string[];
  readonly images: ValidationOptions['images'];
  /** Pictures to keep the boxes of. */
  readonly keep?: number;
};

const batch = 8;

const countOf = (images: ValidationOptions['images']): number =>
  'kind' in images ? (images.kind === 'shapes' ? images.count : images.images.length) : images.length;

export const assessor =
  ({ cfg, cfgFile, ignore = [], device, names, images, keep = 0 }: AssessorOptions, context: Context) =>
  (weights: Uint8Array): TE.TaskEither<Failure, Assessment | undefined> => {
    const total = countOf(images);
    return pipe(
      TE.tryCatch(() => loadDetector({ cfg, cfgFile, weights, device, ignore }), thrown),
      TE.flatMapEither(E.mapLeft(modelFailure)),
      TE.flatMap((detector) =>
        TE.tryCatch(async () => {
          const progress = context.progress('assess', total);
          try {
            return await assess(detector, {
              images,
              names,
              keep,
              batch: Math.min(batch, total),
              signal: context.signal,
              onFault: (fault) => context.tell(`skipped: ${showFault(fault)}`),
              onProgress: progress.advance,
            });
          } finally {
            progress.end();
            detector.close();
          }
        }, thrown),
      ),
    );
  };
