/**
 * Masks beside pycocotools: `node ... bench/segm.ts --record` times the pycocotools that python3 imports (PYTHON names
 * another) on the set of segm-set.ts and writes segm-recorded.json; evaluate and accumulate alone are timed, its loading is
 * not. Ours is timed from the rows to the figures.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluateSegm } from '../src/segm/index.ts';
import { largeSegmSet, segmSeed } from './segm-set.ts';

const recordedFile = fileURLToPath(new URL('segm-recorded.json', import.meta.url));

export interface RecordedSegm {
  readonly peer: string;
  readonly command: string;
  readonly seed: number;
  readonly machine: string;
  /** Of loadRes, which makes areas and boxes of the masks. */
  readonly load_wall_s: number;
  readonly load_cpu_s: number;
  /** Of evaluate and accumulate. Recorded on a busy machine: the processor's seconds are the ones to compare. */
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly stats: readonly number[];
}

export const recordedSegm = (): RecordedSegm => JSON.parse(readFileSync(recordedFile, 'utf8')) as RecordedSegm;

/** Processor seconds of some rounds after one that warms up (those of the collector too), and the figures. */
export const timeSegm = (
  rounds: number,
): { readonly seconds: readonly number[]; readonly stats: readonly number[] } => {
  const { truth, found } = largeSegmSet();
  let stats: readonly number[] = [];
  const seconds = Array.from({ length: rounds + 1 }, () => {
    const before = process.cpuUsage();
    ({ stats } = evaluateSegm(truth, found));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  });
  return { seconds: seconds.slice(1), stats };
};

/** Rows a line, because one text of all would be longer than texts can be. */
const listText = (rows: readonly object[]): readonly string[] =>
  rows.map((row, i) => `${i === 0 ? '[' : ','}${JSON.stringify(row)}\n`);

const record = (): void => {
  const { truth, found } = largeSegmSet();
  const dir = mkdtempSync(join(tmpdir(), 'gdarknet-segm-'));
  try {
    const [gt, dt] = [join(dir, 'gt.json'), join(dir, 'dt.json')];
    writeFileSync(gt, JSON.stringify(truth));
    writeFileSync(dt, Buffer.concat([...listText(found), ']'].map((line) => Buffer.from(line))));
    const script = fileURLToPath(new URL('segm_time.py', import.meta.url));
    const out = execFileSync(process.env.PYTHON ?? 'python3', [script, gt, dt], { encoding: 'utf8' });
    const machine = `${cpus()[0]?.model}, ${cpus().length} cores`;
    const head = {
      peer: 'pycocotools 2.0.11 (github.com/ppwwyyxx/cocoapi), numpy 1.24.2',
      command: 'bench/segm.ts --record',
    };
    const row: RecordedSegm = { ...head, seed: segmSeed, machine, ...JSON.parse(out) };
    writeFileSync(recordedFile, `${JSON.stringify(row, null, 2)}\n`);
    console.log(row);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--record')) record();
  else console.log(timeSegm(3), recordedSegm());
}
