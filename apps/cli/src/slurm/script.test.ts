/** Batch scripts as a shell runs them, without a cluster. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestText } from './kubernetes.ts';
import type { Resources } from './resources.ts';
import { quoted, scriptText, tasksText } from './script.ts';
import { splitWords } from './submit.ts';
import { variantsOf, withKeys } from './sweep.ts';

const resources: Resources = {
  partition: 'gpu',
  time: '1-00:00:00',
  nodes: 1,
  cpus: 8,
  mem: '16G',
  gres: 'gpu:2',
  account: undefined,
  qos: undefined,
  mailUser: 'a@b.c',
  arrayLimit: 2,
  sbatch: ['--exclusive'],
  setup: ['export SETUP="done already"'],
};

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gdarknet script '));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const write = (tasks: Parameters<typeof tasksText>[0], call: readonly string[]): string => {
  const tasksFile = join(root, 'x.tasks');
  writeFileSync(tasksFile, tasksText(tasks));
  const job = { name: 'x', tasks: tasks.length, output: root };
  const file = join(root, 'x.sbatch');
  writeFileSync(file, scriptText({ job, resources, cwd: root, tasksFile, call }));
  return file;
};

const bash = (file: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn('bash', [file, ...words], { env: { PATH: process.env.PATH ?? '', ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  const ended = new Promise<{ status: number | null; text: string }>((resolve) => {
    child.on('close', (status) => resolve({ status, text }));
  });
  const until = async (what: string): Promise<void> => {
    for (let i = 0; i < 500 && !text.includes(what); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { child, ended, until };
};

describe('batch scripts', () => {
  it('ask for what was asked', () => {
    const script = readFileSync(
      write(
        [
          { run: undefined, words: ['a'] },
          { run: undefined, words: ['b'] },
        ],
        ['echo'],
      ),
      'utf8',
    );
    expect(script.split('\n').filter((line) => line.startsWith('#SBATCH'))).toEqual(
      [
        '--job-name=x',
        `--output=${root}/x-%A_%a.out`,
        '--open-mode=append',
        '--requeue',
        '--signal=B:TERM@120',
        '--partition=gpu',
        '--time=1-00:00:00',
        '--nodes=1',
        '--cpus-per-task=8',
        '--mem=16G',
        '--gres=gpu:2',
        '--mail-user=a@b.c',
        '--mail-type=BEGIN,END,FAIL',
        '--array=0-1%2',
        '--exclusive',
      ].map((option) => `#SBATCH ${option}`),
    );
  });

  it('run the task of their index, whatever its words hold', async () => {
    const odd = ['two words', "it's", '$HOME `x` "y" \\', 'plain'];
    const file = write(
      [
        { run: undefined, words: ['first'] },
        { run: undefined, words: odd },
      ],
      ['printf', '<%s>'],
    );
    const expected = odd.map((word) => `<${word}>`).join('');
    for (const call of [
      bash(file, ['1']),
      bash(file, [], { SLURM_ARRAY_TASK_ID: '1' }),
      bash(file, [], { JOB_COMPLETION_INDEX: '1' }),
    ]) {
      const { status, text } = await call.ended;
      expect(text).toContain(expected);
      expect(status).toBe(0);
    }
    expect((await bash(file, []).ended).text).toContain('<first>');
    expect(await bash(file, ['2']).ended).toMatchObject({ status: 1, text: expect.stringContaining('no task 2') });
  });

  it('run the lines of --setup first, take GDARKNET in place of the command, hand its status on', async () => {
    const file = write([{ run: undefined, words: ['7'] }], ['false']);
    expect((await bash(file, []).ended).status).toBe(1);
    const { status, text } = await bash(file, [], { GDARKNET: 'sh -c \'echo "$SETUP, $0"; exit "$0"\'' }).ended;
    expect(text).toContain('done already, 7');
    expect(status).toBe(7);
  });

  it('go on with a run that has a state, pass over one that is finished', async () => {
    const run = join(root, 'a run');
    mkdirSync(run);
    const file = write([{ run, words: ['train', 'x.data'] }], ['printf', '<%s>']);
    expect((await bash(file, []).ended).text).toContain('<train><x.data>');
    writeFileSync(join(run, 'state'), '');
    expect((await bash(file, []).ended).text).toContain(`<train><--resume><${run}>`);
    writeFileSync(join(run, 'net_final.weights'), '');
    const { status, text } = await bash(file, []).ended;
    expect([status, text.includes('is finished'), text.includes('<')]).toEqual([0, true, false]);
  });

  it('hand a signal on, and wait until the command has saved', async () => {
    const slow = `trap 'echo saving; sleep 0.3; echo saved; exit 130' TERM; echo ready; while :; do sleep 0.05; done`;
    const file = write([{ run: undefined, words: ['-c', slow] }], ['bash']);
    const { child, ended, until } = bash(file, []);
    await until('ready');
    child.kill('SIGTERM');
    const { status, text } = await ended;
    expect(text).toContain('saved');
    expect(status).toBe(130);
  });
});

describe('words', () => {
  it('are quoted and split as by a shell', () => {
    expect(['a-b.c', 'a b', "it's", ''].map(quoted)).toEqual(['a-b.c', "'a b'", "'it'\\''s'", "''"]);
    expect(splitWords(`--seed 3 --note "two words" 'and $this'`)).toEqual([
      '--seed',
      '3',
      '--note',
      'two words',
      'and $this',
    ]);
  });
});

describe('a sweep', () => {
  it('goes through every combination', () => {
    const grid = { losses: ['mse', 'giou'], iouNormalizers: [0.25, 1], clsNormalizers: [], seeds: [1, 2] };
    expect(variantsOf(grid).map(({ name }) => name)).toEqual([
      'mse-n0.25-s1',
      'mse-n0.25-s2',
      'mse-n1-s1',
      'mse-n1-s2',
      'giou-n0.25-s1',
      'giou-n0.25-s2',
      'giou-n1-s1',
      'giou-n1-s2',
    ]);
    expect(variantsOf(grid)[0]).toMatchObject({ keys: { iou_loss: 'mse', iou_normalizer: '0.25' }, seed: 1 });
    expect(variantsOf({ losses: [], iouNormalizers: [], clsNormalizers: [], seeds: [] })).toEqual([
      { name: 'run', keys: {}, seed: 0 },
    ]);
  });

  it('sets keys of every section of a kind and nothing else', () => {
    const cfg =
      '[net]\niou_loss=no\n# [yolo]\n[yolo]\nclasses=2\n iou_loss = mse\n[conv]\nfilters=1\n[yolo]\nclasses=2';
    expect(withKeys(cfg, 'yolo', { iou_loss: 'giou', max: 9 })).toBe(
      '[net]\niou_loss=no\n# [yolo]\n[yolo]\niou_loss=giou\nmax=9\nclasses=2\n[conv]\nfilters=1\n[yolo]\niou_loss=giou\nmax=9\nclasses=2',
    );
  });
});

describe('a Kubernetes manifest', () => {
  it('is an Indexed Job of the same script', () => {
    const text = manifestText({
      name: 'My_Sweep',
      tasks: 6,
      script: 'batch/x.sbatch',
      image: 'ghcr.io/me/gdarknet:1',
      claim: 'disk',
      mount: '/work',
      resources,
    });
    for (const line of [
      'name: my-sweep',
      'completionMode: Indexed',
      'completions: 6',
      'parallelism: 2',
      'nvidia.com/gpu: 2',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).toContain('command: ["bash", "batch/x.sbatch"]');
    expect(text).toContain('memory: 16Gi');
  });
});
