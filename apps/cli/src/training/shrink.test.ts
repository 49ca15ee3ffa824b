import { expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet } from '../testing/shapes-set.ts';

it('trains on pictures shrunk towards --shrink-to, and on whole ones where that is larger', async () => {
  const set = await makeShapesSet();
  const losses = async (name: string, ...more: readonly string[]): Promise<string[]> => {
    const words = ['train', set.data, set.cfg, '--prefix', name, '--max-batches', '2', '--seed', '3', ...more];
    const { status, stdout, stderr } = await gdarknet(words);
    expect(status, stderr).toBe(0);
    const shown = [...stdout.matchAll(/^\s*\d+: ([\d.]+),/gm)].map(([, loss]) => loss);
    expect(shown.length, stdout).toBe(2);
    return shown;
  };
  const whole = await losses('whole');
  expect(await losses('large', '--shrink-to', '4000')).toEqual(whole);
  expect(await losses('small', '--shrink-to', '4')).not.toEqual(whole);
  await set.remove();
});
