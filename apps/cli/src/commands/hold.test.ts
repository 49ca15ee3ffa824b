/** A run and what people and machines do to it: streams that end, signals, locks of the dead, a folder that goes. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isHeldBy } from '../core/signals.ts';
import { beganAt, isRunning } from '../locks/owner.ts';
import { gdarknet, start, words } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';
import { parseState, stateBytes } from '../training/state-file.ts';

let set: ShapesSet;
let whole: Buffer;
const batches = 30;
const at = (run: string, name = ''): string => set.at('backup', run, name);
const argvOf = (run: string, most = batches): readonly string[] => [
  'train',
  set.data,
  set.cfg,
  '--prefix',
  run,
  '--max-batches',
  String(most),
];
const weights = (run: string): Buffer => readFileSync(at(run, 'small_final.weights'));
type Event = { type: string; batch: number; reason?: string; stream?: string; code?: string };
const events = (run: string): readonly Event[] =>
  readFileSync(at(run, 'events.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A command of the shell around `gdarknet`, which stands in it as "$@". */
const shell = (script: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn('bash', ['-c', script, 'bash', ...words(argv)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { ended };
};

beforeAll(async () => {
  set = await makeShapesSet();
  expect((await gdarknet(argvOf('whole'))).status).toBe(0);
  whole = weights('whole');
});
afterAll(() => set.remove());

describe('streams', () => {
  it('training goes on when the reader of stdout ends, and says so in its events and at the end', async () => {
    const { status, stdout, stderr } = await shell(`"$@" | head -3; exit "\${PIPESTATUS[0]}"`, argvOf('head')).ended;
    expect([status, stdout.trimEnd().split('\n').length]).toEqual([0, 3]);
    expect(stderr).toContain('note: stdout: its reader has ended');
    expect(events('head').find(({ type }) => type === 'fault')).toMatchObject({ stream: 'stdout', code: 'EPIPE' });
    expect(events('head').at(-1)).toMatchObject({ type: 'end', reason: 'finished' });
    expect(weights('head').equals(whole)).toBe(true);
  });

  it('and when nobody reads stderr any more, or stdout takes nothing', async () => {
    const unread = await shell(`"$@" 2> >(head -1 >&2) >/dev/null; exit $?`, argvOf('unread')).ended;
    expect(unread.status).toBe(0);
    expect(weights('unread').equals(whole)).toBe(true);
    const full = await shell('"$@" > /dev/full', argvOf('full')).ended;
    expect([full.status, full.stderr]).toEqual([0, expect.stringContaining('note: stdout: ENOSPC')]);
    expect(full.stderr).not.toMatch(/\n\s+at /);
    expect(weights('full').equals(whole)).toBe(true);
  });

  it('what is run for stdout ends quietly with its reader, and fails where stdout takes nothing', async () => {
    const seen = await shell(`"$@" | head -1; exit "\${PIPESTATUS[0]}"`, ['table', set.cfg]).ended;
    expect([seen.status, seen.stderr]).toEqual([0, '']);
    for (const argv of [['table', set.cfg], ['help'], ['anchors', set.data, '--width', '32', '--height', '32']]) {
      const full = await shell('"$@" > /dev/full', argv).ended;
      expect([argv[0], full.status], full.stderr).toEqual([argv[0], 1]);
      expect(full.stderr).toContain('ENOSPC');
      expect(full.stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe('signals', () => {
  it('a closed terminal saves and says how to go on, which is to the bit', async () => {
    const { child, ended, until } = start(argvOf('closed'));
    await until('\n7: ');
    child.kill('SIGHUP');
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([130, expect.stringContaining('gdarknet train --resume')]);
    expect(events('closed').at(-1)).toMatchObject({ type: 'end', reason: 'interrupted' });
    expect(existsSync(at('closed', 'lock'))).toBe(false);
    expect((await gdarknet(['train', '--resume', at('closed')])).status).toBe(0);
    expect(weights('closed').equals(whole)).toBe(true);
  });

  it('under nohup it changes nothing', async () => {
    const hangUp = 'nohup "$@" < /dev/null & until [ -s "$LOG" ]; do sleep .05; done; kill -HUP $!; wait $!';
    const { ended } = shell(hangUp, argvOf('nohup'), { LOG: at('nohup', 'log.csv') });
    expect((await ended).status).toBe(0);
    expect(weights('nohup').equals(whole)).toBe(true);
    expect(isHeldBy({ _: '/usr/bin/nohup' })).toBe(true);
    expect([isHeldBy({}), isHeldBy({ _: '/usr/bin/node' })]).toEqual([false, false]);
  });

  it.each(['SIGUSR1', 'SIGUSR2'] as const)('%s, before the limit of a cluster, saves and goes on', async (signal) => {
    const { child, ended, until } = start(argvOf(signal));
    await until('\n7: ');
    child.kill(signal);
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([0, expect.stringContaining(`Saving weights to ${at(signal, 'small.backup')}`)]);
    expect(stderr).not.toContain('Debugger');
    const saved = events(signal).find(({ type }) => type === 'save');
    expect(saved?.batch).toBeGreaterThanOrEqual(7);
    expect(saved?.batch).toBeLessThan(batches);
    expect(weights(signal).equals(whole)).toBe(true);
  });

  it('a second Ctrl-C ends at once and says what is lost', async () => {
    const { child, ended, until } = start(argvOf('twice', 4000));
    await until('\n7: ');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    // Both may be heard in one turn, or the run may have saved between them.
    expect(stderr).toMatch(/interrupted again: ended at once; lost: batches 1 to \d+|gdarknet train --resume/);
  });
});

describe('locks', () => {
  it('a process that has ended and is not yet reaped holds nothing', async () => {
    // Its parent does not wait for it.
    const parent = spawn('bash', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', (text) => resolve(String(text)))));
    const began = beganAt(pid);
    const state = (): string => {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return text.slice(text.lastIndexOf(')') + 2)[0];
    };
    while (state() !== 'Z') await pause(20);
    expect([isRunning({ pid, began }), isRunning({ pid })]).toEqual([false, false]);
    expect(isRunning({ pid: process.pid, began: beganAt(process.pid) })).toBe(true);
    expect(isRunning({ pid: process.pid, began: '1' })).toBe(false);
    parent.kill('SIGKILL');
  });

  it('a run folder that is removed ends the run with that reason, and none is made in its place', async () => {
    const { ended, until } = start([...argvOf('gone', 4000), '--save-minutes', '.01']);
    await until('\n7: ');
    rmSync(at('gone'), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    const { status, stderr } = await ended;
    expect([status, stderr]).toEqual([1, expect.stringContaining("the run's folder was removed while it was trained")]);
    expect(existsSync(at('gone', 'run.json'))).toBe(false);
    expect(stderr).toContain('gone.rescued');
    expect(existsSync(set.at('backup', 'gone.rescued', 'small.backup'))).toBe(true);
    writeFileSync(set.at('seen'), stderr);
  });
});

describe('weights that are no numbers', () => {
  let bad: string;
  beforeAll(() => {
    bad = set.at('bad.weights');
    const bytes = readFileSync(set.weights);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    writeFileSync(bad, bytes);
  });

  it.each([
    ['test', () => ['test', set.data, set.cfg, bad, set.at('nothing.jpg')]],
    ['valid', () => ['valid', set.data, set.cfg, bad]],
    ['average', () => ['average', set.cfg, set.at('mean.weights'), set.weights, bad]],
    ['partial', () => ['partial', set.cfg, bad, set.at('cut.weights'), '2']],
    ['fold', () => ['fold', set.cfg, bad, set.at('folded.weights'), '--out-cfg', set.at('folded.cfg')]],
    ['export onnx', () => ['export', 'onnx', set.cfg, bad, '--out', set.at('bad.onnx')]],
    ['train', () => ['train', set.data, set.cfg, bad, '--prefix', 'bad', '--clear']],
  ])('%s refuses them, and names the layer', async (_, argv) => {
    const { status, stderr } = await gdarknet(argv());
    expect([status, stderr]).toEqual([1, expect.stringMatching(/bad\.weights: layer \d+ \[convolutional\] weights: /)]);
    expect(stderr).toContain('1 of ');
    expect(stderr).not.toContain('learning_rate');
    for (const file of ['mean.weights', 'cut.weights', 'folded.weights', 'bad.onnx', 'backup/bad'])
      expect(existsSync(set.at(file))).toBe(false);
  });

  it('takes them where that is asked for', async () => {
    const argv = ['partial', set.cfg, bad, set.at('taken.weights'), '2', '--allow-unsound'];
    expect(await gdarknet(argv)).toMatchObject({ status: 0, stderr: expect.stringContaining('NaN or infinite') });
  });
});

describe('numbers from files', () => {
  const state = () => {
    const parsed = parseState(readFileSync(at('whole', 'state')));
    if (parsed === undefined) throw new Error('the state of a run can be read');
    return parsed;
  };

  it('a state with a count that is none, or a shape that is not its values, is no state', () => {
    const { snapshot, counters } = state();
    const [name] = Object.keys(snapshot.tensors);
    const other = { ...snapshot.tensors, [name]: { ...snapshot.tensors[name], shape: [1] } };
    const wrong = [
      { snapshot: { ...snapshot, seen: -5 }, counters },
      { snapshot, counters: { ...counters, position: -3 } },
      { snapshot, counters: { ...counters, lastSave: 0.5 } },
      { snapshot, counters: { ...counters, average: 'x' as unknown as number } },
      { snapshot: { ...snapshot, tensors: other }, counters },
    ];
    expect(parseState(stateBytes({ snapshot, counters }))).toEqual({ snapshot, counters });
    for (const one of wrong) expect(parseState(stateBytes(one))).toBeUndefined();
  });

  it('a network larger than memory can be, and images seen below 0, are refused in one line', async () => {
    const huge = set.changed(set.cfg, 'huge.cfg', (text) =>
      text.replace(/^width=.*$/m, 'width=100000').replace(/^height=.*$/m, 'height=100000'),
    );
    const large = await gdarknet(['train', set.data, huge, '--prefix', 'huge']);
    expect([large.status, large.stderr]).toEqual([1, expect.stringContaining('found 100000 x 100000 x 3')]);
    const seen = set.at('seen.weights');
    const header = Buffer.alloc(16);
    header.writeInt32LE(1, 4);
    header.writeInt32LE(-7, 12);
    writeFileSync(seen, Buffer.concat([header, readFileSync(set.weights).subarray(20)]));
    const negative = await gdarknet(['train', set.data, set.cfg, seen, '--prefix', 'seen']);
    expect([negative.status, negative.stderr]).toEqual([
      1,
      expect.stringContaining('impossible counter of images seen'),
    ]);
    for (const { stderr } of [large, negative]) expect(stderr).not.toMatch(/unexpected|\n\s+at /);
  });

  it('a folder that came from elsewhere writes nowhere unheard', async () => {
    const argv = [...argvOf('outward', 2), '--tensorboard', set.at('board')];
    expect((await gdarknet(argv)).status).toBe(0);
    const { stderr } = await gdarknet(['train', '--resume', at('outward'), '--max-batches', '3']);
    expect(stderr).toContain(`note: --tensorboard ${set.at('board')}: as the run was started with`);
  });
});
