import { existsSync } from 'node:fs';
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
  const { parameters, kept } = memoryOf(value, value, false, false);
  expect(parameters).toBe(169_318);
  expect(kept).toBe(3 * parameters);
  expect(memoryOf(value, value, true, true).kept).toBe(6 * parameters);
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
  expect(stdout).toMatch(/parameters 169318, 0\.6 MiB; with momentum and gradients 3\.2 MiB/);
  expect(stdout).toMatch(/seconds a batch: \d+:\d\d for batches 0 to 400/);
  expect(existsSync(set.at('backup', 'dry'))).toBe(false);
  await set.remove();
});
