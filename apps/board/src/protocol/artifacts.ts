/** MLflow's requests about files of runs, and the store behind `mlflow-artifacts:` addresses. */
import { join } from 'node:path';
import * as t from 'io-ts';
import type { Core } from '../core.ts';
import { refuse } from '../fault.ts';
import { bodyOf } from '../http/body.ts';
import type { Answer, Call, Route } from '../http/exchange.ts';
import { json } from '../http/exchange.ts';
import { filePolicy } from '../http/headers.ts';
import type { StoredRun } from '../store/runs.ts';
import { findRun, runById } from '../store/runs.ts';
import { dropArtifact, listFiles, readArtifact, segmentsOf, writeArtifact } from './artifact-files.ts';
import { anyText, runId, take } from './codecs.ts';
import { artifactRoot } from './documents.ts';
import type { Request } from './request.ts';

/** Weights of YOLOv3 are 250 MB. */
const maxArtifactBytes = 1 << 30;

/** Where the files of a run lie. */
export const rootOf = ({ artifacts }: Core, run: StoredRun): string =>
  run.folder ?? join(artifacts, String(run.experiment), run.uuid, 'artifacts');

const lists = t.intersection([t.partial({ run_id: runId, run_uuid: runId }), t.partial({ path: anyText(1000) })]);

export const artifactRequests = (core: Core): readonly Request[] => [
  {
    method: 'GET',
    path: 'artifacts/list',
    run: async (input) => {
      const { run_id, run_uuid, path = '' } = take(lists, input);
      const run = runById(core.db, run_id ?? run_uuid ?? '');
      return { root_uri: artifactRoot(run.experiment, run.uuid), files: await listFiles(rootOf(core, run), path) };
    },
  },
];

/** Pictures are shown, everything else is saved; whatever it is, it can run nothing. */
export const fileAnswer = async (root: string, path: string, inline: boolean): Promise<Answer> => {
  const { stream, size, type, name } = await readArtifact(root, path);
  const shown = inline && /^image\/(png|jpeg|webp|gif)$/.test(type);
  return {
    headers: {
      'content-type': type,
      'content-length': size,
      'content-security-policy': filePolicy,
      'content-disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`,
    },
    body: stream,
  };
};

/** `<experiment>/<run>/artifacts/<path>`: a run that came from the disk keeps its own folder, which is only read. */
const place = (
  core: Core,
  path: string,
): { readonly root: string; readonly path: string; readonly readOnly: boolean } => {
  const [experiment, uuid, marker, ...rest] = segmentsOf(path);
  const run = uuid === undefined ? undefined : findRun(core.db, uuid);
  if (!run || String(run.experiment) !== experiment || marker !== 'artifacts') {
    return refuse(
      'missing',
      `path: found ${JSON.stringify(path.slice(0, 80))}, expected <experiment>/<run>/artifacts/<path>`,
    );
  }
  return { root: rootOf(core, run), path: rest.join('/'), readOnly: run.folder !== undefined };
};

const writable = (found: ReturnType<typeof place>): ReturnType<typeof place> =>
  found.readOnly ? refuse('forbidden', 'the files of a run on the disk are read only') : found;

/** A trainer's files lie in its folder already when the collector watches it: sent again they change nothing. */
const put = async (core: Core, call: Call): Promise<Answer> => {
  const found = place(core, call.parts.path);
  const content = bodyOf(call.request, maxArtifactBytes);
  if (found.readOnly) content.resume();
  else await writeArtifact(found.root, found.path, content);
  core.hub.runs();
  return json({});
};

export const artifactRoutes = (core: Core): readonly Route[] => {
  const base = '/api/2.0/mlflow-artifacts/artifacts';
  const list = async ({ query }: Call): Promise<Answer> => {
    const path = query.get('path') ?? '';
    const found = place(core, path);
    const cut = found.path === '' ? 0 : found.path.length + 1;
    const files = await listFiles(found.root, found.path);
    return json({ files: files.map((file) => ({ ...file, path: file.path.slice(cut) })) });
  };
  return [
    { method: 'GET', path: base, run: list },
    { method: 'PUT', path: `${base}/*path`, run: (call) => put(core, call) },
    {
      method: 'GET',
      path: `${base}/*path`,
      run: ({ parts }) => {
        const found = place(core, parts.path);
        return fileAnswer(found.root, found.path, false);
      },
    },
    {
      method: 'DELETE',
      path: `${base}/*path`,
      run: async ({ parts }) => {
        const found = writable(place(core, parts.path));
        await dropArtifact(found.root, found.path);
        return json({});
      },
    },
    {
      method: 'GET',
      path: '/get-artifact',
      run: ({ query }) => {
        const run = runById(core.db, query.get('run_id') ?? query.get('run_uuid') ?? '');
        return fileAnswer(rootOf(core, run), query.get('path') ?? '', false);
      },
    },
  ];
};
