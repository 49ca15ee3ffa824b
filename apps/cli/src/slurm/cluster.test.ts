/** A real Slurm of one node: a sweep as a job array, its checkpoints' evaluation as another, a job that is queued again. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parseTrainLog } from '@gdarknet/data/runs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { missing } from '../testing/debian.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';
import { startCluster } from './testing/cluster.ts';

const cluster = await startCluster();
// Slurm's plug-in looks for the library under the name that only the development package has.
const pmix = '/usr/lib/*/pmix2/lib/libpmix.so';
const noMpi = await missing(['mpirun.openmpi', pmix], ['openmpi-bin', 'libpmix-dev']);
const title = typeof cluster === 'string' ? `(skipped: ${cluster})` : '';

// Fifteen processes start one after the other, on machines that have other things to do.
const patience = 400_000;

describe.skipIf(typeof cluster === 'string')(`a Slurm of one node ${title}`, { timeout: patience }, () => {
  let set: ShapesSet;
  beforeAll(async () => {
    if (typeof cluster !== 'string') process.env.SLURM_CONF = cluster.conf;
    set = await makeShapesSet();
  });
  afterAll(async () => {
    if (typeof cluster !== 'string') await cluster.stop();
    await set?.remove();
  });
  const at = (...parts: string[]): string => set.at(...parts);
  const outputs = (): string =>
    readdirSync(at('batch', 'out'))
      .map((name) => `${name}:\n${readFileSync(at('batch', 'out', name), 'utf8')}`)
      .join('\n');
  const done = async (...argv: string[]): Promise<string> => {
    const { status, stdout, stderr } = await gdarknet(argv, { cwd: set.root });
    expect(status, `${stderr}\n${existsSync(at('batch', 'out')) ? outputs() : ''}`).toBe(0);
    return stdout;
  };
  const losses = ['mse', 'iou', 'giou'];

  it('sweeps three losses as a job array, evaluates their checkpoints in shards as another, compares', async () => {
    const quick = ['--with', '--max-batches 100 --threads 1', '--cpus', '1', '--submit', '--wait', '--json'];
    const sweep = await done(
      'slurm',
      'sweep',
      set.data,
      set.cfg,
      '--losses',
      losses.join(','),
      '--out',
      'sweep',
      ...quick,
    );
    expect(JSON.parse(sweep)).toMatchObject({ tasks: 3, job: expect.any(Number) });
    for (const loss of losses) {
      expect(existsSync(at('sweep', loss, 'small_final.weights')), outputs()).toBe(true);
      expect(readFileSync(at('sweep', 'cfg', loss, 'small.cfg'), 'utf8')).toContain(`iou_loss=${loss}\n`);
    }

    const shards = ['--shards', '2', '--with', '--threads 1', '--cpus', '1', '--submit', '--wait', '--json'];
    const valid = await done('slurm', 'valid', '--sweep', 'sweep', ...shards);
    // Batch 100 and the final weights of three runs, two shards each.
    expect(JSON.parse(valid)).toMatchObject({ tasks: 12 });
    for (const loss of losses) {
      const rows = readFileSync(at('sweep', loss, 'map.txt'), 'utf8')
        .trim()
        .split('\n');
      expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual([
        'iou 100',
        'giou 100',
        'iou 9223372036854775807',
        'giou 9223372036854775807',
      ]);
    }
    const runs = losses.map((loss) => at('sweep', loss));
    const table = await done('compare', ...runs, '--samples', '50');
    for (const loss of losses) expect(table).toContain(`| ${loss} | 1 |`);
    expect(table).toMatch(/ahead [\d.]+ %/);

    const once = await gdarknet([
      'watch',
      '--data',
      at('sweep', 'sweep.data'),
      '--cfg',
      at('sweep', 'cfg', 'giou', 'small.cfg'),
      '--weights-folder',
      at('sweep', 'giou'),
      '--once',
      '--json',
    ]);
    expect(JSON.parse(once.stdout)).toMatchObject({ evaluated: 0 });
  });

  it.skipIf(noMpi !== undefined)(
    `two processes by srun --mpi=pmix have the losses of one ${noMpi ? `(skipped: ${noMpi})` : ''}`,
    async () => {
      const words = ['--with', '--max-batches 20 --threads 1', '--cpus', '1', '--submit', '--wait', '--json'];
      await done('slurm', 'train', set.data, set.cfg, '--prefix', 'ranks', '--ranks', '2', ...words);
      expect(outputs()).toContain('2 processes by Open MPI, --sync exact');
      await done('train', set.data, set.cfg, '--prefix', 'rank', '--max-batches', '20', '--threads', '1');
      const losses = (run: string): readonly number[] =>
        parseTrainLog(readFileSync(at('backup', run, 'log.csv'), 'utf8'), run).batches.map(
          ({ averageLoss }) => averageLoss,
        );
      expect(losses('ranks')).toHaveLength(20);
      for (const [i, loss] of losses('rank').entries()) expect(losses('ranks')[i] / loss).toBeCloseTo(1, 5);
    },
  );

  it('a run that is queued again goes on from its state', async () => {
    const call = promisify(execFile);
    const words = [
      '--prefix',
      'again',
      '--with',
      '--max-batches 4000 --threads 1',
      '--cpus',
      '1',
      '--submit',
      '--json',
    ];
    const { job } = JSON.parse(await done('slurm', 'train', set.data, set.cfg, ...words)) as { job: number };
    const run = at('backup', 'again');
    const output = join(at('batch', 'out'), `again-${job}.out`);
    const said = (): string => (existsSync(output) ? readFileSync(output, 'utf8') : '');
    const until = async (what: () => boolean, seconds: number): Promise<void> => {
      for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(100)) if (what()) return;
      const state = await call('bash', [
        '-c',
        `scontrol show job ${job}; sinfo -R; tail -n 20 "$(dirname "$SLURM_CONF")/log"`,
      ]);
      throw new Error(`not within ${seconds} s: ${what}\n${said()}\n${state.stdout}`);
    };
    await until(() => existsSync(join(run, 'log.csv')) && /^\d+: /m.test(said()), 120);
    // As before the time is up: the script is told, the command saves and ends, the job is queued again.
    await call('scancel', ['--batch', '--signal=TERM', String(job)]);
    await until(() => said().includes('queued again'), 120);
    // Slurm lets such a job wait for two minutes; sooner than after ten seconds, its node would refuse it as the one revoked.
    await sleep(12_000);
    for (let i = 0; i < 180 && !said().includes('going on: train --resume'); i++) {
      await call('scontrol', ['update', `JobId=${job}`, 'StartTime=now']).catch(() => undefined);
      await sleep(1000);
    }
    await until(() => /^\d+: /m.test(said().split('going on: train --resume')[1] ?? ''), 120);
    const [before, after] = said().split('going on: train --resume');
    const batches = (text: string): number[] => [...text.matchAll(/^(\d+): /gm)].map(([, n]) => Number(n));
    expect(batches(after)[0]).toBe((batches(before).at(-1) ?? 0) + 1);
    await call('scancel', [String(job)]);
  });
});
