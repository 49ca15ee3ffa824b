/**
 * Two ranks of a yolov3-tiny step against one: scaling efficiency, and the share of a step spent exchanging values and
 * waiting for the other. One thread for each rank. `pnpm bench:team [--batches n] [--size px] [--json file]`
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { zoo } from '@gdarknet/yolo';
import { words } from '../src/testing/cli.ts';

const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '5' },
    size: { type: 'string', default: '416' },
    json: { type: 'string' },
  },
});
const [batches, size] = [Number(values.batches), Number(values.size)];
/** The first step makes the plans. */
const warmUp = 1;

const root = mkdtempSync(join(tmpdir(), 'gdarknet-team-'));
const call = (launcher: readonly string[], argv: readonly string[]): void => {
  const [program, ...rest] = [...launcher, ...words(argv)];
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  execFileSync(program, rest, { stdio: 'pipe', env });
};
call([], ['shapes', root, '--train', '16', '--valid', '1', '--size', String(size)]);
const cfg = join(root, 'tiny.cfg');
writeFileSync(
  cfg,
  zoo
    .yolov3Tiny({ loss: 'giou', classes: 3, net: { batch: 8, subdivisions: 2, width: size, height: size } })
    .replace(/^random=.*$/gm, 'random=0'),
);

type Way = { readonly name: string; readonly launcher: readonly string[]; readonly flags: readonly string[] };
const ways: readonly Way[] = [
  { name: '2 threads of a process', launcher: [], flags: ['-gpus', '0,1'] },
  {
    name: '2 processes, Open MPI',
    launcher: ['mpirun.openmpi', '--oversubscribe', '--bind-to', 'none', '-np', '2'],
    flags: [],
  },
  { name: '2 processes, MPICH', launcher: ['mpirun.mpich', '-np', '2'], flags: [] },
];
const one: Way = { name: '1 device', launcher: [], flags: [] };

type Event = { readonly type: string; readonly stepMs: number; readonly exchangeMs?: number };
const middle = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Medians of a step and of its exchange, in milliseconds. */
const measure = ({ name, launcher, flags }: Way): { step: number; exchange: number } | undefined => {
  const run = name.replace(/\W/g, '');
  rmSync(join(root, 'backup', run), { recursive: true, force: true });
  const argv = ['train', join(root, 'shapes.data'), cfg, '--prefix', run, '--threads', '1'];
  try {
    call(launcher, [...argv, '--max-batches', String(batches + warmUp), ...flags]);
  } catch (error) {
    console.error(`skipped: ${name}: ${String(error).split('\n')[0]}`);
    return undefined;
  }
  const events: readonly Event[] = readFileSync(join(root, 'backup', run, 'events.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ type }: Event) => type === 'batch')
    .slice(warmUp);
  return { step: middle(events.map((e) => e.stepMs)), exchange: middle(events.map((e) => e.exchangeMs ?? 0)) };
};

const rows = ways.flatMap((way) => {
  // Side by side, so that whatever else the machine does befalls both.
  const [alone, team] = [measure(one), measure(way)];
  if (alone === undefined || team === undefined) return [];
  const efficiency = alone.step / (2 * team.step);
  const share = team.exchange / team.step;
  console.log(
    `${way.name}: ${team.step} ms a step, ${alone.step} ms with one; efficiency ${(100 * efficiency).toFixed(0)} %, exchange ${(100 * share).toFixed(1)} % of a step`,
  );
  const common = { peer: one.name, threads: 2, ours: team.step, theirs: alone.step, unit: 'ms' };
  return [{ name: `yolov3-tiny step, ${way.name}`, ...common, ratio: team.step / alone.step, efficiency, share }];
});
rmSync(root, { recursive: true });
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
