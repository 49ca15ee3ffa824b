import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Trainer } from '@gdarknet/yolo';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openKeeper } from './keeper.ts';
import { runFolder } from './run-folder.ts';

const trainer = {
  averaged: false,
  weights: async () => new Uint8Array(24),
  snapshot: async () => ({ seen: 0, tensors: {} }),
} as unknown as Trainer;
const records = { event: async () => {}, batch: async () => {}, settle: async () => true };

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'keeper-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

/** The batches at which something was tried in a folder that takes nothing, and what was told. */
const batches = async (minutes: number, from: number, to: number) => {
  const told: string[] = [];
  // Not a folder: every write below it fails, whoever asks.
  writeFileSync(join(path, 'file'), '');
  const folder = runFolder(join(path, 'file', 'run'), 'net.cfg');
  const tell = (text: string): void => void told.push(text);
  const keeper = openKeeper({
    trainer,
    folder,
    records,
    tell,
    minutes,
    limit: 130,
    resumable: true,
    batch: from - 1,
    lastSave: 0,
  });
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 5 * 60_000);
  const tried: number[] = [];
  for (let batch = from; batch <= to; batch++) {
    const before = told.length;
    await keeper.after({ batch, position: batch, average: 1 });
    if (told.length > before) tried.push(batch);
  }
  clock.mockRestore();
  return { tried, told };
};

it('tries again at multiples of ten batches, as it says, and at the last', async () => {
  const { tried, told } = await batches(10, 99, 130);
  expect(tried).toEqual([100, 110, 120, 130]);
  expect(told.filter((line) => line.includes('tried again'))).toEqual(
    [110, 120, 130].map(
      (next) => `batch ${next - 10}: training goes on; what could not be saved is tried again at batch ${next}`,
    ),
  );
  expect(told).toContain(`batch 120: ${join(path, 'file', 'run', 'state')} stays as it was`);
});

it('a state that is late and cannot be saved is not tried at every batch', async () => {
  expect((await batches(4, 1, 25)).tried).toEqual([1, 10, 20]);
});
