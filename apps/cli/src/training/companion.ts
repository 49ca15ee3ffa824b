/** What goes on beside training: the log is sent over the network, and written for TensorBoard, by a thread of its own. */
import { startCompanion } from '@gdarknet/board';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import { optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import type { Failure } from '../core/failure.ts';
import type { RunFolder } from './run-folder.ts';

export const companionOptions = {
  logTo: optional(text, {
    placeholder: 'url',
    doc: 'send the log to a board or an MLflow server as it grows; a token is taken from MLFLOW_TRACKING_TOKEN',
  }),
  tensorboard: optional(text, { placeholder: 'dir', doc: 'write a TensorBoard event file there as the log grows' }),
};

type Wanted = { readonly logTo: string | undefined; readonly tensorboard: string | undefined };

/** After training the rest is sent for so long; what the network does not take then stays on the disk. */
const lastMs = 10_000;

/** Training neither waits for the network nor ends because of it. */
export const withCompanion =
  ({ logTo, tensorboard }: Wanted, { path }: RunFolder, { tell }: Context) =>
  <A>(task: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> => {
    if (logTo === undefined && tensorboard === undefined) return task;
    return async () => {
      const token = process.env.MLFLOW_TRACKING_TOKEN;
      const companion = startCompanion({
        folder: path,
        tell,
        ...(logTo !== undefined && { logTo }),
        ...(token && { token }),
        ...(tensorboard !== undefined && { tensorboard }),
      });
      const done = await task();
      const sent = await companion.finish(lastMs);
      if (logTo !== undefined && !sent?.complete) {
        tell(
          `note: not all of the log has been sent to ${logTo}; gdarknet log push ${path} --to ${logTo} sends the rest`,
        );
      }
      return done;
    };
  };
