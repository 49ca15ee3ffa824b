/**
 * 2,000 batches under everything that befalls a long run: kills, a full disk, pictures that cannot be read, a data set that
 * goes away. No file may be damaged, no batch unrecorded, and memory must stay as it is.
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseTrainLog } from '@gdarknet/data/runs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SmallDisk, smallDisk } from '../../../../test/small-disk.ts';
import { start } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';
import { isSound, parseState } from '../training/state-file.ts';

const batches = 2000;
/** So many times the run is ended by force; then it runs on under what does not end it, and its memory is watched. */
const rounds = 16;

let set: ShapesSet;
/** Where the run lies; or why it lies on a disk that is never full. */
let disk: SmallDisk | string;
beforeAll(async () => {
  set = await makeShapesSet();
  disk = smallDisk(set.at('disk'), 24);
  if (typeof disk === 'string') console.log(`soak without a full disk: ${disk}`);
});
afterAll(async () => {
  if (typeof disk !== 'string') disk.remove();
  await set.remove();
});

const noise = (i: number): number => Math.abs(Math.sin(78.233 * (i + 1)) * 43758.5453) % 1;

type Event = { readonly type: string; readonly batch: number };

const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n');

/** Whatever has just happened, every file is whole; a process that was killed may have left one line open. */
const inspect = (folder: string, size: number): void => {
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    if (/[.](weights|backup)$/.test(name)) {
      expect(bytes.length, name).toBe(size);
      expect(new Float32Array(new Uint8Array(bytes.subarray(20)).buffer).every(Number.isFinite), name).toBe(true);
    }
    if (name === 'state') {
      const state = parseState(bytes);
      expect(state && isSound(state.snapshot), 'state').toBe(true);
    }
  }
  const lines = linesOf(join(folder, 'events.ndjson'));
  const broken = lines.slice(0, -1).filter((line) => {
    try {
      JSON.parse(line);
      return false;
    } catch {
      return true;
    }
  });
  // Only a line that a kill has cut, and that the next start has ended.
  expect(broken.length).toBeLessThanOrEqual(kills);
};

let kills = 0;

const residentKb = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

describe('a soak', () => {
  it(`of ${batches} batches`, async () => {
    const root = typeof disk === 'string' ? set.at('soak') : set.at('disk', 'backup');
    const folder = join(root, 'soak');
    const data = set.changed(set.data, 'soak.data', (text) => text.replace(/^backup *=.*$/m, `backup=${root}`));
    const cfg = set.changed(set.cfg, 'soak.cfg', (text) =>
      text.replace(/learning_rate=.*/, 'learning_rate=.0005').replace(/max_batches=.*/, `max_batches=${batches}`),
    );
    const images = set.at('images');
    const pictures = readdirSync(join(images, 'train')).map((name) => join(images, 'train', name));
    const size = statSync(set.weights).size;
    const fresh = ['train', data, cfg, '--prefix', 'soak', '--cache', '0', '--save-minutes', '.03'];

    const counts = { kill: 0, full: 0, unreadable: 0, gone: 0 };
    const spoil = async (ms: number): Promise<void> => {
      const kept = pictures.slice(0, 4).map((path) => [path, readFileSync(path)] as const);
      for (const [path, bytes] of kept) writeFileSync(path, bytes.subarray(0, 60));
      await pause(ms);
      for (const [path, bytes] of kept) writeFileSync(path, bytes);
      counts.unreadable++;
    };
    const fillFor = async (ms: number): Promise<void> => {
      if (typeof disk === 'string') return;
      disk.fill();
      await pause(ms);
      disk.free();
      counts.full++;
    };

    const told: string[] = [];
    for (let round = 0; ; round++) {
      const argv = existsSync(join(folder, 'state')) ? ['train', '--resume', folder] : fresh;
      // A collector with room takes it: with little, memory shows what is really kept.
      if (round >= rounds) process.env.NODE_OPTIONS = '--max-old-space-size=96 --max-semi-space-size=4';
      const { child, ended, until } = start(argv);
      delete process.env.NODE_OPTIONS;
      let over = false;
      ended.then(() => {
        over = true;
      });
      await until('Learning Rate');
      if (round >= rounds) {
        const resident: number[] = [];
        for (let i = 0; !over; i++) {
          await pause(200);
          if (!over) resident.push(residentKb(child.pid));
          if (i % 40 === 20) await spoil(300);
          if (i % 40 === 39) await fillFor(700);
        }
        const { status, stderr } = await ended;
        told.push(stderr);
        expect(status, stderr).toBe(0);
        const quarter = Math.floor(resident.length / 4);
        const [early, late] = [resident.slice(quarter, 2 * quarter), resident.slice(3 * quarter)].map(middle);
        console.log(`soak: ${JSON.stringify(counts)}, resident ${early} kB early, ${late} kB late`);
        expect(late / early).toBeLessThan(1.1);
        break;
      }
      await pause(400 + 1200 * noise(round));
      const act = ['kill', 'full', 'unreadable', 'gone'][round % 4];
      if (act === 'full') await fillFor(1200);
      if (act === 'unreadable') await spoil(600);
      if (act === 'gone' && !over) {
        renameSync(images, `${images}.gone`);
        const { status, stderr } = await ended;
        renameSync(`${images}.gone`, images);
        expect(status).toBe(1);
        expect(stderr).toContain('no usable picture');
        counts.gone++;
      } else {
        await pause(300 * noise(round + 100));
        child.kill('SIGKILL');
        told.push((await ended).stderr);
        counts.kill++;
        kills++;
      }
      inspect(folder, size);
    }
    inspect(folder, size);

    const events = linesOf(join(folder, 'events.ndjson')).flatMap((line): readonly Event[] => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
    const recorded = new Set(events.flatMap(({ type, batch }) => (type === 'batch' ? [batch] : [])));
    expect(recorded.size).toBe(batches);
    const log = parseTrainLog(readFileSync(join(folder, 'log.csv'), 'utf8'), 'log.csv');
    expect(new Set(log.batches.map(({ batch }) => batch)).size).toBe(batches);
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'finished', batch: batches });
    expect(Math.min(counts.kill, counts.unreadable, counts.gone)).toBeGreaterThan(0);
    if (typeof disk !== 'string') {
      expect(counts.full).toBeGreaterThan(0);
      const all = told.join('\n');
      expect(all).toMatch(/events[.]ndjson: cannot be written: .*no space left.*; training goes on, its lines wait/i);
      expect(all).toMatch(/events[.]ndjson: \d+ lines that waited are written/);
      expect(all).toMatch(/batch \d+: \S+ stays as it was/);
      expect(all).toMatch(/training goes on; what could not be saved is tried again at batch \d+/);
    }
  }, 900_000);
});
