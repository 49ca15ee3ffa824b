/** Experiments and runs as MLflow's JSON has them. */
import type { Core } from '../core.ts';
import type { Experiment } from '../store/experiments.ts';
import { metricsOf } from '../store/points.ts';
import type { StoredRun } from '../store/runs.ts';
import { paramsOf, tagsOf } from '../store/runs.ts';
import type { Searchable } from './filter.ts';

/** Clients put artifacts under this address through the server itself. */
export const artifactRoot = (experiment: number, run?: string): string =>
  `mlflow-artifacts:/${experiment}${run === undefined ? '' : `/${run}/artifacts`}`;

export const experimentDocument = (experiment: Experiment) => ({
  experiment_id: String(experiment.id),
  name: experiment.name,
  artifact_location: artifactRoot(experiment.id),
  lifecycle_stage: experiment.lifecycle,
  creation_time: experiment.created,
  last_update_time: experiment.updated,
  ...(experiment.tags.length > 0 && { tags: experiment.tags }),
});

export const infoDocument = (run: StoredRun) => ({
  run_id: run.uuid,
  run_uuid: run.uuid,
  run_name: run.name,
  experiment_id: String(run.experiment),
  user_id: run.user,
  status: run.status,
  start_time: run.started,
  ...(run.ended !== undefined && { end_time: run.ended }),
  artifact_uri: artifactRoot(run.experiment, run.uuid),
  lifecycle_stage: run.lifecycle,
});

export const runDocument = ({ db }: Core, run: StoredRun) => ({
  info: infoDocument(run),
  data: {
    metrics: metricsOf(db, run.id).map(({ key, last }) => ({
      key,
      value: last.value,
      timestamp: last.time,
      step: last.step,
    })),
    params: paramsOf(db, run.id),
    tags: tagsOf(db, run.id),
  },
  inputs: {},
});

const mapOf = (pairs: readonly { readonly key: string; readonly value: string }[]): ReadonlyMap<string, string> =>
  new Map(pairs.map(({ key, value }) => [key, value]));

export const searchable = ({ db }: Core, run: StoredRun): Searchable => ({
  metrics: new Map(metricsOf(db, run.id).map(({ key, last }) => [key, last.value])),
  params: mapOf(paramsOf(db, run.id)),
  tags: mapOf(tagsOf(db, run.id)),
  attributes: new Map<string, string | number>([
    ['run_id', run.uuid],
    ['run_name', run.name],
    ['status', run.status],
    ['user_id', run.user],
    ['artifact_uri', artifactRoot(run.experiment, run.uuid)],
    ['start_time', run.started],
    ...(run.ended === undefined ? [] : [['end_time', run.ended] as const]),
  ]),
});
