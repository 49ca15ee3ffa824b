import { existsSync, writeFileSync } from 'node:fs';
import { parseNetwork, zoo } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';
import { makeShapesSet } from '../testing/shapes-set.ts';
import { memoryOf, schedulePlot } from './dry-run.ts';

it('counts the parameters of a weights file, and what comes with them', () => {
  const parsed = parseNetwork(zoo.shapes({ loss: 'giou', size: 32 }));
  if (E.isLeft(parsed)) throw new Error(JSON.stringify(parsed.left));
  const { value } = parsed.right;
  const { parameters, kept } = memoryOf(value, false, false);
  expect(parameters).toBe(169_318);
  expect(kept).toBe(2 * parameters);
  expect(memoryOf(value, true, true).kept).toBe(5 * parameters);
});

it('plots a schedule from 0 to its maximum', () => {
  const lines = schedulePlot((batch) => (batch < 500 ? 0.02 : 0.002), 1000);
  expect(lines[0]).toMatch(/^ +0\.0200 \|#{32}$/);
  expect(lines[9]).toMatch(/\|#{64}$/);
  expect(lines.at(-1)).toMatch(/^ +1 +1000$/);
});

it('prints layers, memory, schedule and time, and writes nothing', async () => {
  const set = await makeShapesSet();
  const { status, stdout, stderr } = await gdarknet(['train', set.data, set.cfg, '--prefix', 'dry', '--dry-run']);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('layer     filters    size              input                output');
  expect(stdout).toMatch(/parameters 169318, 0\.6 MiB; with momentum and what else lasts 2\.6 MiB/);
  expect(stdout).toMatch(/seconds a batch: \d+:\d\d for batches 0 to 400/);
  expect(existsSync(set.at('backup', 'dry'))).toBe(false);
  await set.remove();
});

it('keeps a step within a budget of memory, or says what it takes at least', async () => {
  const set = await makeShapesSet();
  const net = { batch: 16, subdivisions: 1 };
  writeFileSync(set.cfg, zoo.shapes({ loss: 'giou', size: 128, net }));
  const dry = (...more: readonly string[]) =>
    gdarknet(['train', set.data, set.cfg, '--prefix', 'dry', '--dry-run', ...more]);
  const { stdout } = await dry();
  const [, free] = /a step at 128 x 128: (\d+) MiB of the device\n/.exec(stdout) ?? [];
  const bounded = await dry('--memory', String(Math.floor(0.8 * Number(free))));
  expect(bounded.stdout, bounded.stderr).toMatch(/MiB of the device, the network in \d+ parts of which all but/);
  const refused = await dry('--memory', '1');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /^gdarknet: A step of 16 images of 128 x 128 takes \d+ MiB at least and may take 1 MiB/,
  );
  await set.remove();
});
