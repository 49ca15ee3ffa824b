/** The run on the server that a folder is sent to: found again, or made. */
import * as E from 'fp-ts/lib/Either.js';
import type { Answered } from './client.ts';
import type { Final, PersistentClient } from './persistence.ts';

const uploadTag = 'gdarknet.upload';

export type RemoteRun = { readonly run: string; readonly artifacts: string };

export type LocalRun = {
  /** The folder's own id, which is kept in it. */
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly started: number;
};

/** The server's words for why there is no run. */
export class NoRun extends Error {}

const record = (value: unknown): Answered => (typeof value === 'object' && value !== null ? (value as Answered) : {});

const granted = (answer: Final): Answered => {
  if (E.isLeft(answer)) throw new NoRun(answer.left.what);
  return answer.right;
};

const experimentId = async (client: PersistentClient, name: string): Promise<string> => {
  for (;;) {
    const known = await client.get('experiments/get-by-name', { experiment_name: name });
    if (E.isRight(known)) return String(record(known.right.experiment).experiment_id);
    const made = await client.post('experiments/create', { name });
    if (E.isRight(made)) return String(made.right.experiment_id);
    // Somebody else was faster, or the answer to an earlier attempt was lost: it is there now.
    if (made.left.tag !== 'refused' || !/ALREADY_EXISTS/.test(made.left.what)) throw new NoRun(made.left.what);
  }
};

const find = async (client: PersistentClient, experiment: string, id: string): Promise<RemoteRun | undefined> => {
  const filter = `tags.\`${uploadTag}\` = '${id}'`;
  const search = { experiment_ids: [experiment], filter, max_results: 100 };
  const { runs } = granted(await client.post('runs/search', search));
  const infos = (Array.isArray(runs) ? runs : []).map((run) => record(record(run).info));
  const [first] = infos.sort((a, b) => (String(a.run_id) < String(b.run_id) ? -1 : 1));
  return first && { run: String(first.run_id), artifacts: String(first.artifact_uri ?? '') };
};

/**
 * An answer may be lost and the request repeated: the run is found again by its tag, and of several the same one is taken
 * by all. Throws `NoRun` when the server refuses.
 */
export const remoteRun = async (client: PersistentClient, local: LocalRun): Promise<RemoteRun> => {
  const { id, name, started } = local;
  const experiment = await experimentId(client, local.experiment);
  const known = await find(client, experiment, id);
  if (known) return known;
  const tags = [
    { key: uploadTag, value: id },
    { key: 'mlflow.runName', value: name },
    { key: 'mlflow.source.name', value: 'gdarknet' },
  ];
  const run = { experiment_id: experiment, start_time: started, run_name: name, user_id: '', tags };
  granted(await client.post('runs/create', run));
  const made = await find(client, experiment, id);
  if (!made) throw new NoRun('the run was made and cannot be found');
  return made;
};
