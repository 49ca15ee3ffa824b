/** The network of a run that was trained: its cfg from run.json, the weights of one of its checkpoints. */
import { join } from 'node:path';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import { type Failure, refused } from '../core/failure.ts';
import { bytesOf } from '../inputs/files.ts';
import { jsonOf } from '../inputs/json.ts';
import { checkpointsIn } from '../watch/checkpoints.ts';

export type TrainedRun = {
  readonly cfg: string;
  readonly cfgFile: string;
  readonly weights: Uint8Array;
  readonly weightsFile: string;
};

const record = t.type({ cfg: t.type({ file: t.string, text: t.string }) });

/** `id` is a batch; undefined takes the newest. */
export const trainedRun = (run: string, id: number | undefined): TE.TaskEither<Failure, TrainedRun> =>
  pipe(
    TE.Do,
    TE.bind('said', () => {
      const file = join(run, 'run.json');
      return jsonOf(
        record,
        file,
        refused(`${file}: does not hold the cfg`, 'name the folder of a run that was trained here'),
      );
    }),
    TE.bind('checkpoints', () => checkpointsIn(run, 0)),
    TE.bind('file', ({ checkpoints }) => {
      const found = checkpoints.find((checkpoint) => id === undefined || checkpoint.id === id);
      return found
        ? TE.right(found.file)
        : TE.left(refused(`${run}: has no weights of batch ${id ?? 'any'}`, 'look at its *.weights'));
    }),
    TE.bind('weights', ({ file }) => bytesOf(file)),
    TE.map(({ said, weights, file }) => ({ cfg: said.cfg.text, cfgFile: said.cfg.file, weights, weightsFile: file })),
  );
