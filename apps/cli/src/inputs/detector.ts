/** A detector from the files and options of a command. */
import type { Device } from '@gdarknet/tensor';
import { type Detector, loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { flag, optional } from '../arguments/option.ts';
import { oneOf, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure, thrown } from '../core/failure.ts';
import { allowUnsound, type CfgRules, cfgOptions, tellNotices } from './cfg.ts';
import { type DeviceChoice, deviceOptions, withDevice } from './device.ts';
import { bytesOf, textOf } from './files.ts';

export const networkOptions = {
  compat: optional(oneOf('darknet-cpu'), {
    placeholder: 'darknet-cpu',
    doc: "the original's CPU build to the digit: its batch normalisation, the dark last row of its resize, no scale_x_y",
  }),
  ...cfgOptions,
  width: optional(whole({ min: 1 }), { placeholder: 'px', doc: "width of the network's input in place of the cfg's" }),
  height: optional(whole({ min: 1 }), {
    placeholder: 'px',
    doc: "height of the network's input in place of the cfg's",
  }),
  partial: flag('take weights that end in the middle of the network; the rest stays random'),
  allowUnsound,
  ...deviceOptions,
};

/** The original does not know these keys (SPEC 1.6). */
const unknownToDarknet: readonly string[] = ['scale_x_y', 'nms_kind', 'beta_nms'];

export type NetworkChoice = DeviceChoice &
  CfgRules & {
    readonly cfg: string;
    readonly weights: string;
    readonly compat: 'darknet-cpu' | undefined;
    readonly width: number | undefined;
    readonly height: number | undefined;
    readonly partial: boolean;
    readonly allowUnsound: boolean;
  };

const load = (choice: NetworkChoice, device: Device): TE.TaskEither<Failure, Detector> =>
  pipe(
    TE.Do,
    TE.apS('cfg', textOf(choice.cfg)),
    TE.apS('weights', bytesOf(choice.weights)),
    TE.flatMap(({ cfg, weights }) =>
      pipe(
        TE.tryCatch(
          () =>
            loadDetector({
              cfg,
              cfgFile: choice.cfg,
              weights,
              weightsFile: choice.weights,
              device,
              ignore: [...choice.ignore, ...(choice.compat ? unknownToDarknet : [])],
              strict: choice.strict,
              partial: choice.partial,
              allowUnsound: choice.allowUnsound,
              ...(choice.compat && { compat: choice.compat }),
              ...(choice.width && { width: choice.width }),
              ...(choice.height && { height: choice.height }),
            }),
          thrown,
        ),
        TE.flatMapEither(E.mapLeft(modelFailure)),
      ),
    ),
  );

/** Loads, says with what it computes, uses and closes. */
export const withDetector =
  (choice: NetworkChoice, context: Context) =>
  <A>(use: (detector: Detector) => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    withDevice(choice)((device) =>
      TE.bracket(
        load(choice, device),
        (detector) => {
          tellNotices(detector.notices, context);
          context.tell(
            `${choice.cfg}: ${detector.width} x ${detector.height}, ${detector.classes} classes, on ${device.description}`,
          );
          return use(detector);
        },
        (detector) => async () => E.right(detector.close()),
      ),
    );
