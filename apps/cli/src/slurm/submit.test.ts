/** What the slurm commands refuse before a job is written: what would only fail on the cluster. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

describe('a job', () => {
  let set: ShapesSet;
  beforeAll(async () => {
    set = await makeShapesSet();
  });
  afterAll(() => set.remove());
  const slurm = (...argv: string[]) => gdarknet(['slurm', ...argv], { cwd: set.root });

  it.each([
    [['--time', 'two days'], 2, /--time: expected a time as Slurm writes it: .* found "two days"/],
    [['--mem', 'lots'], 2, /--mem: expected an amount such as 16G or 500M, found "lots"/],
    [['--with', '--bogus 3'], 1, /train .*: train has no option --bogus.*; correct --with/],
    [['--with', '--freeze x'], 1, /--freeze: expected a whole number of at least 0, found "x"; correct --with/],
    [['none.weights'], 1, /none\.weights: is not there; correct the path, or give --dependency/],
  ])('of train is refused with %j', async (words, status, message) => {
    const ended = await slurm('train', set.data, set.cfg, ...words);
    expect(ended.stderr).toMatch(message);
    expect(ended.status).toBe(status);
    expect(existsSync(set.at('batch'))).toBe(false);
  });

  it('may name weights that another job makes', async () => {
    const words = ['none.weights', '--dependency', 'afterok:3', '--time', '2-00:00:00', '--mem', '16G'];
    const ended = await slurm('train', set.data, set.cfg, ...words, '--batch-dir', 'later');
    expect(ended.status, ended.stderr).toBe(0);
    expect(readFileSync(set.at('later', 'small.sbatch'), 'utf8')).toContain('#SBATCH --time=2-00:00:00\n');
  });

  it('of watch has a time between its looks', async () => {
    const runs = ['--data', set.data, '--cfg', set.cfg, '--weights-folder', set.root];
    expect((await slurm('watch', ...runs, '--every', '10q')).stderr).toContain('--every: expected a time such as 90s');
    const ended = await slurm('watch', ...runs, '--every', '90m', '--batch-dir', 'watching');
    expect(ended.status, ended.stderr).toBe(0);
    expect(readFileSync(set.at('watching', 'watch.tasks'), 'utf8')).toContain(' --every 90m');
  });
});
