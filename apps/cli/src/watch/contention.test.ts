/** The lock of map.txt between processes, some of which die while they hold it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { exclusively } from '../locks/claim.ts';

const node = fileURLToPath(new URL('../../../../node_modules/node/bin/node', import.meta.url));
const module = new URL('../locks/claim.ts', import.meta.url).href;

/** Adds one to the number in a file so often, and takes its time between reading and writing. */
const program = (times: number, dies: boolean): string => `
import { exclusively } from ${JSON.stringify(module)};
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
for (let i = 0; i < ${times}; i++) {
  await exclusively('.', 'count', async () => {
    const before = Number(readFileSync('count.txt', 'utf8'));
    await sleep(3);
    ${dies ? `if (i === ${times - 1}) process.kill(process.pid, 'SIGKILL');` : ''}
    writeFileSync('count.txt', String(before + 1));
  });
}`;

it('no count of six processes is lost, though two are killed with the lock in hand', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gdarknet-contention-'));
  try {
    writeFileSync(join(folder, 'count.txt'), '0');
    const run = (dies: boolean) =>
      new Promise<NodeJS.Signals | number | null>((resolve) => {
        const words = [
          '--disable-warning=ExperimentalWarning',
          '--input-type=module-typescript',
          '-e',
          program(10, dies),
        ];
        const child = spawn(node, words, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
        child.on('exit', (status, signal) => resolve(signal ?? status));
      });
    const ends = await Promise.all([false, false, true, false, true, false].map(run));
    expect(ends.filter((end) => end === 'SIGKILL')).toHaveLength(2);
    expect(ends.filter((end) => end === 0)).toHaveLength(4);
    expect(Number(readFileSync(join(folder, 'count.txt'), 'utf8'))).toBe(6 * 10 - 2);
    // Whoever died last has left a claim, which the next to come removes.
    await exclusively(folder, 'count', async () => undefined);
    expect(readdirSync(folder)).toEqual(['count.txt']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
