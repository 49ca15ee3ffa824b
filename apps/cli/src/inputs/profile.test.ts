import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet } from '../testing/shapes-set.ts';

it('--profile tells the time of each layer, forward and backward, and leaves a trace', async () => {
  const set = await makeShapesSet();
  const trace = set.at('trace.json');
  const words = ['train', set.data, set.cfg, '--max-batches', '2', '--profile', trace, '--device', 'wasm'];
  const { status, stderr } = await gdarknet(words);
  expect(status, stderr).toBe(0);
  for (const name of ['0 convolutional ', '0 convolutional, backward', 'update', 'conv2dFilter'])
    expect(stderr).toContain(`\n${name}`);
  const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'));
  const scopes = new Set(traceEvents.map(({ args }: { args: { scope?: string } }) => args.scope));
  expect(scopes.has('0 convolutional, backward')).toBe(true);
  await set.remove();
});
