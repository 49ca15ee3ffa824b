/** Several devices in one run: threads of a process and processes of both MPI families, against one device. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { zoo } from '@gdarknet/yolo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrewEnded } from '../core/failure.ts';
import { type Ended, gdarknet, start, words } from '../testing/cli.ts';
import { missing } from '../testing/debian.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';
import { joinMeeting, meetingPlace } from './meeting.ts';
import { launchOf } from './mpi.ts';

let set: ShapesSet;
let cfg: string;
/** Losses of one device over 50 batches. */
let alone: readonly number[];
const batches = 50;

const at = (run: string, name = ''): string => set.at('backup', run, name);
type Event = { type: string; batch: number; loss: number; images: number; exchangeMs?: number; reason?: string };
const events = (run: string): readonly Event[] =>
  readFileSync(at(run, 'events.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const lossesOf = (run: string): readonly number[] =>
  events(run).flatMap(({ type, loss }) => (type === 'batch' ? [loss] : []));
const argv = (run: string, ...more: string[]): readonly string[] => [
  'train',
  set.data,
  cfg,
  '--prefix',
  run,
  '--max-batches',
  String(batches),
  ...more,
];

const expectAsAlone = (run: string): void => {
  const losses = lossesOf(run);
  expect(losses).toHaveLength(batches);
  losses.forEach((loss, i) => {
    expect(Math.abs(loss - alone[i]) / alone[i], `batch ${i + 1}`).toBeLessThan(1e-5);
  });
};

beforeAll(async () => {
  set = await makeShapesSet();
  cfg = set.at('six.cfg');
  const schedule = { learning_rate: 0.003, burn_in: 5, max_batches: 400, steps: '300,350', scales: '.1,.1' };
  writeFileSync(cfg, zoo.shapes({ loss: 'giou', size: 32, net: { batch: 12, subdivisions: 6, ...schedule } }));
  const { status, stderr } = await gdarknet(argv('alone', '--threads', '1'));
  expect(status, stderr).toBe(0);
  alone = lossesOf('alone');
});
afterAll(() => set.remove());

describe('threads', () => {
  for (const gpus of ['0,1', '0,1,2']) {
    it(`-gpus ${gpus}: the losses of one device with the same batch over ${batches} batches`, async () => {
      const run = `threads${gpus}`;
      const { status, stderr } = await gdarknet(argv(run, '-gpus', gpus));
      expect(status, stderr).toBe(0);
      expectAsAlone(run);
      expect(stderr).toContain('the batch is dealt out, so rate and burn_in of one device hold as they are');
      expect(events(run).filter(({ exchangeMs }) => exchangeMs !== undefined)).toHaveLength(batches);
    });
  }

  it('is killed, goes on with as many, and has the same losses; Ctrl-C ends all', async () => {
    const { child, ended, until } = start([...argv('killed', '-gpus', '0,1'), '--save-minutes', '.01']);
    await until('\n20: ');
    child.kill('SIGKILL');
    await ended;
    const on = start(['train', '--resume', at('killed')]);
    await on.until('\n30: ');
    on.child.kill('SIGINT');
    const stopped = await on.ended;
    expect(stopped.status, stopped.stderr).toBe(130);
    const last = await gdarknet(['train', '--resume', at('killed')]);
    expect(last.status, last.stderr).toBe(0);
    const made = new Map(
      events('killed').flatMap(({ type, batch, loss }) => (type === 'batch' ? [[batch, loss]] : [])),
    );
    expect([...made.keys()].sort((a, b) => a - b)).toEqual(alone.map((_, i) => i + 1));
    for (const [batch, loss] of made) expect(Math.abs(loss - alone[batch - 1]) / alone[batch - 1]).toBeLessThan(1e-5);
  });

  it("--sync darknet: the original's batch numbers, its rates, and its README's advice", async () => {
    const run = await gdarknet(argv('darknet', '-gpus', '0,1', '--sync', 'darknet', '--max-batches', '20'));
    expect(run.status, run.stderr).toBe(0);
    // SPEC 8.3: every four batches the count makes up for what the other device has seen.
    const numbers = events('darknet').flatMap(({ type, batch }) => (type === 'batch' ? [batch] : []));
    expect(numbers).toEqual([1, 2, 3, 4, 9, 10, 11, 12, 17, 18, 19, 20]);
    expect(run.stderr).toContain('learning_rate 0.003 x 2, burn_in 5 x 1');
    expect(run.stderr).toContain('train 1000 batches on one, then learning_rate=0.0015, burn_in=10');
    const advised = await gdarknet(argv('advised', '-gpus', '0,1', '--sync', 'darknet', '--gpu-rates'));
    expect(advised.stderr).toContain('learning_rate 0.003 x 1, burn_in 5 x 2');
  });

  it('--sync darknet: a run whose last count makes up for the other device has come to its end', async () => {
    const darknet = ['-gpus', '0,1', '--sync', 'darknet', '--max-batches', '16', '--assess', '8'];
    const { status, stderr } = await gdarknet(argv('jumped', ...darknet));
    expect(status, stderr).toBe(0);
    // No update is number 8: the first behind it is assessed.
    const ids = readFileSync(at('jumped', 'map.txt'), 'utf8').match(/^\w+,\d+/gm);
    expect(ids?.slice(0, 2)).toEqual(['iou,9', 'giou,9']);
    expect(ids).toHaveLength(4);
    expect(events('jumped').at(-1)).toMatchObject({ type: 'end', reason: 'finished', batch: 16 });
    expect(existsSync(at('jumped', 'six_final.weights'))).toBe(true);
    const on = await gdarknet(['train', '--resume', at('jumped'), '--max-batches', '20']);
    expect(on.status, on.stderr).toBe(0);
    expect(on.stderr).toContain(
      'note: --sync darknet keeps the state of the first device alone; the run goes on, but not',
    );
  });

  it('too few parts for so many devices are refused, and none stays behind', async () => {
    const refused = await gdarknet(argv('few', '-gpus', '0,1,2,3,4,5,6'));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('subdivisions=6 cannot be dealt out to 7 devices; write subdivisions=7');
    expect(existsSync(at('few'))).toBe(false);
  });

  it('an end of one ends the waiting of the others', async () => {
    const place = meetingPlace(2);
    const [first, second] = [0, 1].map((rank) => joinMeeting(place, rank, 2, false));
    const waiting = first.team.sum(new Float64Array(3));
    second.end();
    await expect(waiting).rejects.toThrow(CrewEnded);
    expect(Worker).toBeDefined();
  });
});

describe('what a launcher tells', () => {
  it('by its variables', () => {
    expect(launchOf({})).toBeUndefined();
    expect(launchOf({ PMI_SIZE: '1', OMPI_COMM_WORLD_SIZE: '1' })).toBeUndefined();
    expect(launchOf({ OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_LOCAL_SIZE: '2' })).toMatchObject({
      family: 'openmpi',
      localSize: 2,
    });
    expect(launchOf({ PMI_SIZE: '3', MPI_LOCALNRANKS: '3' })).toMatchObject({ family: 'mpich', localSize: 3 });
    expect(launchOf({ PMIX_RANK: '0', SLURM_NTASKS: '8' })).toMatchObject({ family: 'openmpi' });
    expect(launchOf({ PMI_SIZE: '2', GDARKNET_MPI: '/opt/libmpi.so' })).toMatchObject({
      family: undefined,
      libraries: ['/opt/libmpi.so'],
    });
  });
});

type MpiFamily = {
  readonly name: string;
  readonly launcher: string;
  readonly packages: string;
  readonly flags: string[];
};
const families: readonly MpiFamily[] = [
  {
    name: 'Open MPI',
    launcher: 'mpirun.openmpi',
    packages: 'openmpi-bin',
    flags: ['--oversubscribe', '--bind-to', 'none'],
  },
  { name: 'MPICH', launcher: 'mpirun.mpich', packages: 'mpich', flags: [] },
];

const launch = ({ launcher, flags }: MpiFamily, count: number, rest: readonly string[]): Promise<Ended> => {
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
  const child = spawn(launcher, [...flags, '-np', String(count), ...words(rest)], { env });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, ...texts }));
  });
};

for (const family of families) {
  const why = await missing([family.launcher], [family.packages]);
  if (why) console.log(`skipped: ${family.name}: ${why}`);
  describe.skipIf(why !== undefined)(family.name, () => {
    for (const count of [2, 3]) {
      it(`${count} processes: the losses of one device over ${batches} batches`, async () => {
        const run = `${family.launcher}${count}`;
        const overlap = ['--overlap', count === 2 ? 'yes' : 'no'];
        const { status, stdout, stderr } = await launch(family, count, argv(run, ...overlap));
        expect(status, stderr).toBe(0);
        expect(stderr).toContain(`${count} processes by ${family.name}, --sync exact`);
        expect(stdout.match(/^Learning Rate/gm)).toHaveLength(1);
        expectAsAlone(run);
      });
    }

    it('goes on to the bit after a kill; a failure of one ends all', async () => {
      const run = `${family.launcher}-on`;
      const first = await launch(family, 2, argv(run, '--max-batches', '20'));
      expect(first.status, first.stderr).toBe(0);
      const on = await launch(family, 2, ['train', '--resume', at(run), '--max-batches', String(batches)]);
      expect(on.status, on.stderr).toBe(0);
      expectAsAlone(run);
      const failed = await launch(family, 2, argv(run, '--freeze', '99'));
      expect(failed.status).not.toBe(0);
      expect(failed.stderr).toContain('--freeze 99: layer');
      rmSync(at(run), { recursive: true });
    });
  });
}
