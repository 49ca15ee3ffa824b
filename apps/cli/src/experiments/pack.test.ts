/** The packed folder, moved elsewhere, in an environment without anything. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

describe('pack', () => {
  let set: ShapesSet;
  beforeAll(async () => {
    set = await makeShapesSet();
  });
  afterAll(() => set?.remove());

  it('runs where it is moved to, with nothing but a shell', async () => {
    const packed = await gdarknet(['pack', set.at('packed'), '--without', 'webgpu', '--with', set.weights, '--json']);
    expect(packed.status, packed.stderr).toBe(0);
    const { packages } = JSON.parse(packed.stdout) as { packages: string[] };
    for (const name of ['gdarknet', '@gdarknet/tensor', 'sharp', 'fp-ts']) {
      expect(
        packages.some((one) => one.startsWith(`${name} `)),
        name,
      ).toBe(true);
    }
    mkdirSync(set.at('elsewhere'));
    const home = set.at('elsewhere', 'moved here');
    renameSync(set.at('packed'), home);
    expect(existsSync(join(home, 'files', 'small_final.weights'))).toBe(true);
    expect(readFileSync(join(home, 'README.txt'), 'utf8')).toContain(process.arch);

    const image = readFileSync(set.at('valid.txt'), 'utf8').trim().split('\n')[0];
    const words = [
      'test',
      set.data,
      set.cfg,
      join(home, 'files', 'small_final.weights'),
      image,
      '--thresh',
      '0.001',
      '--threads',
      '1',
      '--json',
    ];
    // Without network where the system can take it away.
    const apart = await promisify(execFile)('unshare', ['-rn', 'true']).then(
      () => ['unshare', '-rn'],
      () => ['env'],
    );
    const env = { PATH: '/usr/bin:/bin' };
    const moved = await promisify(execFile)(apart[0], [...apart.slice(1), join(home, 'gdarknet'), ...words], {
      env,
      cwd: '/',
    });
    const here = await gdarknet([...words]);
    expect(JSON.parse(moved.stdout)).toEqual(JSON.parse(here.stdout));
    expect((await gdarknet(['pack', home])).stderr).toContain('is there already');
  });
});
