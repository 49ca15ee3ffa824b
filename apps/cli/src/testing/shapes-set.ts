/** A tiny generated set with a network that has been trained on it for two batches. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zoo } from '@gdarknet/yolo';
import { gdarknet } from './cli.ts';

export type ShapesSet = {
  readonly root: string;
  readonly data: string;
  readonly cfg: string;
  readonly weights: string;
  readonly at: (...parts: string[]) => string;
  /** A copy of a text file of the set, changed. */
  readonly changed: (from: string, to: string, change: (text: string) => string) => string;
  readonly remove: () => Promise<void>;
};

const size = 32;

export const makeShapesSet = async (): Promise<ShapesSet> => {
  const root = await mkdtemp(join(tmpdir(), 'gdarknet-cli-'));
  const at = (...parts: string[]): string => join(root, ...parts);
  const [data, cfg] = [at('shapes.data'), at('small.cfg')];
  const made = await gdarknet(['shapes', root, '--train', '12', '--valid', '6', '--size', String(size)]);
  if (made.status !== 0) throw new Error(made.stderr);
  const schedule = { learning_rate: 0.001, burn_in: 5, max_batches: 400, steps: '300,350', scales: '.1,.1' };
  const net = { batch: 4, subdivisions: 2, ...schedule };
  writeFileSync(cfg, zoo.shapes({ loss: 'giou', size, net }));
  const trained = await gdarknet(['train', data, cfg, '--prefix', 'first', '--max-batches', '2']);
  if (trained.status !== 0) throw new Error(trained.stderr);
  return {
    root,
    data,
    cfg,
    at,
    weights: at('backup', 'first', 'small_final.weights'),
    changed: (from, to, change) => {
      writeFileSync(at(to), change(readFileSync(from, 'utf8')));
      return at(to);
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
  };
};
