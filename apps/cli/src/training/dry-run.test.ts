import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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

it('says what of the cfg has no effect, and the classes that do not agree, as a run would', async () => {
  const set = await makeShapesSet();
  const text = readFileSync(set.cfg, 'utf8');
  writeFileSync(
    set.cfg,
    text.replace('[net]', '[net]\nletter_box=1\noptimized_memory=1').replaceAll('[yolo]', '[yolo]\nfocal_loss=1'),
  );
  writeFileSync(set.at('one.names'), 'thing\n');
  writeFileSync(set.data, readFileSync(set.data, 'utf8').replace(/names *=.*/, `names = ${set.at('one.names')}`));
  const { status, stdout, stderr } = await gdarknet(['train', set.data, set.cfg, '--dry-run', '--json']);
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout).notices).toMatchObject([
    { tag: 'training-only', key: 'letter_box' },
    { tag: 'training-only', key: 'focal_loss', lines: { length: 2 } },
    { tag: 'cosmetic', key: 'optimized_memory' },
  ]);
  expect(stderr).toMatch(/^warning: .*letter_box: is not implemented, so training differs/m);
  expect(stderr).toMatch(/^warning: .*focal_loss: .* \(2 times, also on line \d+\)$/m);
  expect(stderr).toMatch(/^warning: .*one\.names: has 1 names, but the heads of .* have 4 classes/m);
  const strict = await gdarknet(['train', set.data, set.cfg, '--dry-run', '--strict']);
  expect([strict.status, strict.stdout]).toEqual([1, '']);
  expect(strict.stderr).toContain('letter_box');
  await set.remove();
});

it('prints one JSON document where that is asked for', async () => {
  const set = await makeShapesSet();
  const { status, stdout, stderr } = await gdarknet(['train', set.data, set.cfg, '--dry-run', '--json']);
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    parameters: 169_318,
    keptBytes: 2_709_088,
    devices: 1,
    from: 0,
    limit: 400,
  });
  await set.remove();
});

it('of a run that goes on starts from where that stands, and leaves it as it is', async () => {
  const set = await makeShapesSet();
  await gdarknet(['train', set.data, set.cfg, '--prefix', 'run', '--max-batches', '3']);
  const events = readFileSync(set.at('backup', 'run', 'events.ndjson'), 'utf8');
  const dry = await gdarknet(['train', '--resume', set.at('backup', 'run'), '--max-batches', '9', '--dry-run']);
  expect(dry.stdout, dry.stderr).toMatch(/for batches 3 to 9\n$/);
  expect(readFileSync(set.at('backup', 'run', 'events.ndjson'), 'utf8')).toBe(events);
  await set.remove();
});

it('of several devices says what would not fit, and that it tries one', async () => {
  const set = await makeShapesSet();
  const dry = (devices: string) => gdarknet(['train', set.data, set.cfg, '--dry-run', '--gpus', devices]);
  expect((await dry('0,1')).stdout).toContain('seconds a batch on one of the 2 devices: ');
  expect((await dry('0,1,2')).stderr).toContain('subdivisions=2 cannot be dealt out to 3 devices');
  await set.remove();
});

it('is refused to processes that MPI has started, which would wait for each other', async () => {
  const set = await makeShapesSet();
  process.env.PMI_SIZE = '2';
  try {
    const { status, stderr } = await gdarknet(['train', set.data, set.cfg, '--dry-run']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^gdarknet: --dry-run and MPI: found both; start one process/);
  } finally {
    delete process.env.PMI_SIZE;
    await set.remove();
  }
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
