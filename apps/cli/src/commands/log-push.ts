/** `gdarknet log push`: send runs to a board or an MLflow server, or write them as TensorBoard files. */
import { basename, join, resolve } from 'node:path';
import { exportTensorboard, isRunFolder, type Uploaded, upload } from '@gdarknet/board';
import * as E from 'fp-ts/lib/Either.js';
import { any, command } from '../arguments/command.ts';
import { flag, optional } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';

type Pushed = { readonly folder: string; readonly upload?: Uploaded; readonly tensorboard?: string };

const lineOf = ({ folder, upload: sent, tensorboard }: Pushed): string =>
  [
    folder,
    ...(sent ? [`${sent.points} points acknowledged as run ${sent.run}`] : []),
    ...(tensorboard ? [`TensorBoard file ${tensorboard}`] : []),
  ].join(': ');

export const logPush = command({
  path: ['log', 'push'],
  product: 'files',
  summary: 'Send runs to a board or an MLflow server (--to), or write them for TensorBoard (--tensorboard).',
  details: [
    'Goes on where it was: what has been acknowledged stands in a small file in the run folder. A dead network is tried again until Ctrl-C.',
    'A token is taken from --token or the environment variable MLFLOW_TRACKING_TOKEN.',
  ],
  examples: ['gdarknet log push backup/* --to http://localhost:8333', 'gdarknet log push backup/run --tensorboard tb'],
  positionals: { runs: any('run folders: events.ndjson, or log.csv and map.txt of Darknet') },
  options: {
    to: optional(text, { placeholder: 'url', doc: 'the server' }),
    token: optional(text, { placeholder: 'secret', doc: 'for it' }),
    experiment: optional(text, { placeholder: 'name', doc: 'to put them under [the folder that they lie in]' }),
    tensorboard: optional(text, { placeholder: 'dir', doc: 'write <dir>/<run>/events.out.tfevents...' }),
    follow: flag('go on while the runs grow, until Ctrl-C'),
    json,
  },
  run:
    ({ runs, to, token, experiment, tensorboard, follow, json: asJson }, { print, tell, signal }) =>
    async (): Promise<E.Either<Failure, void>> => {
      const bad = runs.find((run) => !isRunFolder(run));
      if (runs.length === 0 || bad !== undefined) {
        const what =
          bad === undefined ? 'no run is named' : `${bad}: holds neither events.ndjson, log.csv nor run.json`;
        return E.left(refused(what, 'name folders of runs'));
      }
      if (to === undefined && tensorboard === undefined) {
        return E.left(refused('neither --to nor --tensorboard is given', 'say where the runs are to go'));
      }
      const secret = token ?? process.env.MLFLOW_TRACKING_TOKEN;
      const push = async (run: string): Promise<Pushed> => {
        const folder = resolve(run);
        const given = { ...(secret && { token: secret }), ...(experiment !== undefined && { experiment }) };
        const [sent, exported] = await Promise.all([
          to === undefined ? undefined : upload({ folder, url: to, follow, signal, tell, ...given }),
          tensorboard === undefined
            ? undefined
            : exportTensorboard({ folder, out: join(tensorboard, basename(folder)), follow, finish: signal }),
        ]);
        return { folder: run, ...(sent && { upload: sent }), ...(exported && { tensorboard: exported.file }) };
      };
      const done: Pushed[] = [];
      if (follow) for (const one of await Promise.all(runs.map(push))) done.push(one);
      else for (const run of runs) done.push(await push(run));
      if (asJson) print(JSON.stringify(done));
      else for (const one of done) print(lineOf(one));
      const left = done.filter(({ upload: sent }) => sent && !sent.complete).map(({ folder }) => folder);
      if (left.length === 0 || (follow && signal.aborted)) return E.right(undefined);
      return E.left(
        signal.aborted
          ? { tag: 'interrupted', what: `not everything of ${left.join(', ')} has been sent; the same command goes on` }
          : refused(
              `not everything of ${left.join(', ')} could be sent: see above`,
              'put that right and give the same command',
            ),
      );
    },
});
