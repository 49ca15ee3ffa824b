/** What the page shows of a run's files: its cfg, evaluations, and validation pictures over time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Core } from '../core.ts';
import { listFiles } from '../protocol/artifact-files.ts';
import { rootOf } from '../protocol/artifacts.ts';
import { runFiles } from '../runs/run-folder.ts';
import { readRunJson } from '../runs/run-json.ts';
import type { StoredRun } from '../store/runs.ts';
import { type Evaluation, readEvaluation } from './evaluation.ts';

/** Among the artifacts of a run that came over the network. */
export const cfgArtifact = 'network.cfg';

/** `pictures/<step>/<name>.png`: predictions drawn on the same pictures every so many steps. */
export const picturesFolder = 'pictures';

export type Picture = { readonly step: number; readonly name: string; readonly path: string };

/** Longer ones are no cfg and no evaluation. */
const maxText = 16 << 20;

const textOf = async (root: string, path: string): Promise<string | undefined> => {
  try {
    const text = await readFile(join(root, path), 'utf8');
    return text.length > maxText ? undefined : text;
  } catch {
    return undefined;
  }
};

export const cfgOf = async (core: Core, run: StoredRun): Promise<string | undefined> => {
  const root = rootOf(core, run);
  const start = await textOf(root, runFiles.run);
  const inRun = start === undefined ? undefined : readRunJson(start)?.cfg;
  if (inRun !== undefined) return inRun;
  const files = await listFiles(root, '');
  const file = files.find(({ path, is_dir }) => !is_dir && (path === cfgArtifact || path.endsWith('.cfg')));
  return file && textOf(root, file.path);
};

export const picturesOf = async (core: Core, run: StoredRun): Promise<readonly Picture[]> => {
  const root = rootOf(core, run);
  const steps = (await listFiles(root, picturesFolder)).flatMap(({ path, is_dir }) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return is_dir && /^\d{1,15}$/.test(name) ? [{ path, step: Number(name) }] : [];
  });
  const found = await Promise.all(
    steps.map(async ({ path, step }) =>
      (await listFiles(root, path)).flatMap((file): readonly Picture[] =>
        !file.is_dir && /\.(png|jpe?g|webp|gif)$/i.test(file.path)
          ? [{ step, name: file.path.slice(path.length + 1), path: file.path }]
          : [],
      ),
    ),
  );
  return found.flat().sort((a, b) => a.step - b.step || a.name.localeCompare(b.name));
};

export type NamedEvaluation = { readonly file: string; readonly evaluation: Evaluation };

export const evaluationsOf = async (core: Core, run: StoredRun): Promise<readonly NamedEvaluation[]> => {
  const root = rootOf(core, run);
  const files = [...(await listFiles(root, '')), ...(await listFiles(root, 'evaluation'))];
  const named = files.filter(
    ({ path, is_dir }) => !is_dir && /^(evaluation\/)?[^/]*evaluation[^/]*\.json$|^evaluation\/.*\.json$/.test(path),
  );
  const read = await Promise.all(
    named.map(async ({ path }): Promise<readonly NamedEvaluation[]> => {
      const text = await textOf(root, path);
      const evaluation = text === undefined ? undefined : readEvaluation(text);
      return evaluation ? [{ file: path, evaluation }] : [];
    }),
  );
  return read.flat();
};
