/** The runs whose checkpoints a job looks at: one that the command line names, or all of a sweep. */
import { dirname } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import { optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { type Failure, refused } from '../core/failure.ts';
import { jsonOf } from '../inputs/json.ts';
import { manifestFile, type SweepManifest } from './sweep.ts';

export const runOptions = {
  data: optional(text, { placeholder: 'x.data', doc: 'valid, names', spellings: ['--data_file', '--data-file'] }),
  cfg: optional(text, { placeholder: 'x.cfg', doc: 'the network', spellings: ['--cfg_file', '--cfg-file'] }),
  weightsFolder: optional(text, { placeholder: 'dir', doc: 'the run whose checkpoints are meant' }),
  sweep: optional(text, {
    placeholder: 'dir',
    doc: 'all runs of a sweep, in place of --data, --cfg and --weights-folder',
  }),
};

export type RunChoice = {
  readonly data: string | undefined;
  readonly cfg: string | undefined;
  readonly weightsFolder: string | undefined;
  readonly sweep: string | undefined;
};

export type NamedRun = { readonly name: string; readonly data: string; readonly cfg: string; readonly run: string };

const swept = t.readonly(t.type({ name: t.string, run: t.string, cfg: t.string, seed: t.number }));
const codec = t.readonly(t.type({ data: t.string, runs: t.readonlyArray(swept) }));

export const readSweep = (out: string): TE.TaskEither<Failure, SweepManifest> => {
  const file = manifestFile(out);
  return jsonOf(codec, file, refused(`${file}: is not the list of a sweep`, 'name the --out folder of `slurm sweep`'));
};

export const namedRuns = ({
  data,
  cfg,
  weightsFolder,
  sweep,
}: RunChoice): TE.TaskEither<Failure, readonly NamedRun[]> => {
  if (sweep !== undefined) {
    return TE.map(({ data: file, runs }: SweepManifest): readonly NamedRun[] =>
      runs.map(({ name, run, cfg }) => ({ name, run, cfg, data: file })),
    )(readSweep(sweep));
  }
  if (data === undefined || cfg === undefined || weightsFolder === undefined) {
    return TE.left(refused('whose checkpoints?', 'give --data, --cfg and --weights-folder, or --sweep'));
  }
  return TE.right([
    { name: weightsFolder.split('/').filter(Boolean).at(-1) ?? dirname(weightsFolder), data, cfg, run: weightsFolder },
  ]);
};
