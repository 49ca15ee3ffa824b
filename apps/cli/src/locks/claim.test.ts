import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim, exclusively } from './claim.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gdarknet-claim-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dead = (host: string) => JSON.stringify({ host, pid: 2 ** 22 + 1, began: '1', token: 'dead' });

describe('claims', () => {
  it('are held by one and leave nothing behind', async () => {
    const held = await claim(folder, 'a');
    expect(held).toBeDefined();
    expect(await claim(folder, 'a')).toBeUndefined();
    expect(await claim(folder, 'a.b')).toBeDefined();
    await held?.release();
    expect(await readdir(folder)).toEqual(['a.b.1.claim']);
    expect(await claim(folder, 'a')).toBeDefined();
  });

  it('of a dead process of this machine are outbid, by one of many', async () => {
    await writeFile(join(folder, 'a.4.claim'), dead(hostname()));
    const bids = await Promise.all(Array.from({ length: 20 }, () => claim(folder, 'a')));
    const won = bids.filter((bid) => bid !== undefined);
    expect(won).toHaveLength(1);
    expect((await readdir(folder)).sort()).toEqual(['a.4.claim', 'a.5.claim']);
    await won[0].release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('of another machine stand until they have been silent for long', async () => {
    const file = join(folder, 'a.1.claim');
    await writeFile(file, dead('elsewhere'));
    expect(await claim(folder, 'a')).toBeUndefined();
    const before = new Date(Date.now() - 10 * 60_000);
    await utimes(file, before, before);
    expect(await claim(folder, 'a')).toBeDefined();
  });

  it('that were cut short while written are outbid after a while', async () => {
    const file = join(folder, 'a.1.claim');
    await writeFile(file, '{"host"');
    expect(await claim(folder, 'a')).toBeUndefined();
    const before = new Date(Date.now() - 10_000);
    await utimes(file, before, before);
    expect(await claim(folder, 'a')).toBeDefined();
  });

  it('let one after the other in', async () => {
    let [inside, most, runs] = [0, 0, 0];
    const work = async () => {
      inside++;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
      runs++;
    };
    await Promise.all(Array.from({ length: 12 }, () => exclusively(folder, 'map.txt', work)));
    expect([most, runs]).toEqual([1, 12]);
  });
});
