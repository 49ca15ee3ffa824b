/** The files of a run, read before anything is started. */
import { type DataConfig, parseData } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../core/context.ts';
import type { Failure } from '../core/failure.ts';
import { bytesOf, checked, imagesOf, textOf } from '../inputs/files.ts';
import type { TrainValues } from './options.ts';

export type TrainFiles = {
  readonly data: DataConfig;
  readonly dataText: string;
  readonly images: readonly string[];
  readonly cfg: string;
  readonly weights: Uint8Array | undefined;
};

type Texts = { readonly data: string; readonly cfg: string };

/** Texts are those of the run that goes on, where there is one. */
export const filesOf = (
  values: TrainValues,
  kept: Texts | undefined,
  context: Context,
): TE.TaskEither<Failure, TrainFiles> =>
  pipe(
    TE.Do,
    TE.bind('dataText', () => (kept ? TE.right(kept.data) : textOf(values.data))),
    TE.bind('data', ({ dataText }) => TE.fromEither(checked(context)(parseData(dataText, { file: values.data })))),
    TE.bind('images', ({ data }) => imagesOf(data, 'train', context)),
    TE.bind('cfg', () => (kept ? TE.right(kept.cfg) : textOf(values.cfg))),
    // A run that goes on has its weights in its state.
    TE.bind('weights', () => (kept || values.weights === undefined ? TE.right(undefined) : bytesOf(values.weights))),
  );
