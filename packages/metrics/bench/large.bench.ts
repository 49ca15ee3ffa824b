/**
 * Evaluation of 5,000 images, 80 classes, 275,395 detections (goldens/coco/07_large): time and peak memory of one thread,
 * both metrics together beside one, several threads beside one, and the loading of the JSON apart. pycocotools and
 * faster-coco-eval run beside it where python3 can import them; else pycocotools' recorded figures stand, and are called
 * recorded. Then masks, of a made-up set of the same size (segm.ts), and the memory of two cases (memory.ts).
 * `--json file` writes the rows.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { goldenPath, readBytes, readJson, shared } from '../../../test/shared.ts';
import { parseCocoInstances, parseCocoResults } from '../src/formats/index.ts';
import type { CocoDetection, CocoInstances } from '../src/index.ts';
import { evaluateCoco, evaluateCocoEach } from '../src/index.ts';
import { cocoThreads } from '../src/node/index.ts';
import { peaks } from './memory.ts';
import { recordedSegm, timeSegm } from './segm.ts';

interface Row {
  readonly name: string;
  readonly peer: string;
  readonly threads: number;
  readonly ours: number;
  readonly theirs: number;
  readonly unit: 's' | 'MB';
  readonly ratio: number;
}

/** As expected.json has it. */
interface Recorded {
  readonly metric: 'iou' | 'giou';
  readonly evaluate_wall_s: number;
  readonly accumulate_wall_s: number;
  readonly load_gt_wall_s: number;
  readonly load_dt_wall_s: number;
  readonly peak_rss_MB: number;
}

const rounds = 7;
/** Before those that count, so that every thread has compiled what it runs. */
const warmUp = 4;
const both = ['iou', 'giou'] as const;
const at = (file: string): string => goldenPath('coco', '07_large', file);
const textOf = (file: string): string => new TextDecoder().decode(readBytes(at(file)));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
const seconds = async (run: () => unknown): Promise<number> => {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
};
const row = (name: string, peer: string, ours: number, theirs: number, more: Partial<Row> = {}): Row => ({
  name,
  peer,
  threads: 1,
  ours,
  theirs,
  unit: 's',
  ratio: ours / theirs,
  ...more,
});

interface Loaded {
  readonly truth: CocoInstances;
  readonly found: readonly CocoDetection[];
}

const load = (gt: string, dt: string): Loaded => {
  const [truth, found] = [parseCocoInstances(gt, 'gt'), parseCocoResults(dt, 'dt')];
  if (truth._tag === 'Left' || found._tag === 'Left') throw new Error('07_large does not keep the rules');
  return { truth: truth.right, found: found.right };
};

/** One evaluation in a process of its own, for its memory: MB before and at the peak. */
const memoryMode = '--memory-of';
const memoryOf = (): { readonly before: number; readonly peak: number } => {
  const { truth, found } = load(textOf('gt.json.gz'), textOf('dt.json.gz'));
  const before = process.memoryUsage().rss / 2 ** 20;
  evaluateCoco(truth, found);
  return { before, peak: process.resourceUsage().maxRSS / 1024 };
};

const python = (load: string, evaluate: string): string => `
import gzip, json, sys, time, contextlib, io
${load}
with contextlib.redirect_stdout(io.StringIO()):
    gt = COCO(); gt.dataset = json.load(gzip.open(sys.argv[1])); gt.createIndex()
    dt = gt.loadRes(json.load(gzip.open(sys.argv[2])))
    ${evaluate}
    s = time.perf_counter(); e.evaluate(); e.accumulate(); t = time.perf_counter() - s
print(t)`;
const peers: Readonly<Record<string, string>> = {
  pycocotools: python(
    'from pycocotools.coco import COCO\nfrom pycocotools.cocoeval import COCOeval',
    "e = COCOeval(gt, dt, 'bbox')",
  ),
  'faster-coco-eval': python(
    'from faster_coco_eval import COCO, COCOeval_faster',
    "e = COCOeval_faster(gt, dt, 'bbox')",
  ),
};
/** Seconds, where it is installed. */
const peerTime = (name: string): number | undefined => {
  const { status, stdout } = spawnSync('python3', ['-c', peers[name], at('gt.json.gz'), at('dt.json.gz')], {
    encoding: 'utf8',
  });
  return status === 0 ? Number(stdout) : undefined;
};

/** In a process of its own: a set of masks takes 400 MB, which Linux would count to what comes after. */
const segmMode = '--segm';
const segmRows = async (): Promise<readonly Row[]> => {
  const self = [...process.execArgv, fileURLToPath(import.meta.url), segmMode];
  const { seconds: times } = JSON.parse(execFileSync(process.execPath, self, { encoding: 'utf8' })) as ReturnType<
    typeof timeSegm
  >;
  const { load_cpu_s, cpu_s } = recordedSegm();
  const ours = median(times);
  return [
    row('masks, CPU: rows to figures', 'pycocotools (recorded), loadRes too', ours, load_cpu_s + cpu_s),
    row('masks, CPU: rows to figures', 'pycocotools (recorded), evaluate and accumulate', ours, cpu_s),
  ];
};

const main = async (): Promise<void> => {
  // First: Linux counts what its parent held towards the peak of a new process.
  const self = [...process.execArgv, fileURLToPath(import.meta.url), memoryMode];
  const small = await peaks();
  const memory = JSON.parse(execFileSync(process.execPath, self, { encoding: 'utf8' })) as ReturnType<typeof memoryOf>;
  const [gtText, dtText] = [textOf('gt.json.gz'), textOf('dt.json.gz')];
  const recorded = readJson<{ pycocotools_timing: Recorded[] }>(at('expected.json')).pycocotools_timing;
  const of = (metric: string): Recorded => recorded.find((timing) => timing.metric === metric)!;
  const total = (metric: string): number => of(metric).evaluate_wall_s + of(metric).accumulate_wall_s;

  const threadCounts = [2, 4, 8, 16].filter((count) => count <= availableParallelism());
  const pools = threadCounts.map((count) => cocoThreads(count));
  const times = { load: [] as number[], iou: [] as number[], giou: [] as number[], both: [] as number[] };
  const threaded = pools.map(() => [] as number[]);
  for (let round = -warmUp; round < rounds; round++) {
    if (round === 0) for (const list of [...Object.values(times), ...threaded]) list.length = 0;
    let loaded: Loaded = { truth: { images: [], annotations: [], categories: [] }, found: [] };
    times.load.push(
      await seconds(() => {
        loaded = load(gtText, dtText);
      }),
    );
    const { truth, found } = loaded;
    times.iou.push(await seconds(() => evaluateCoco(truth, found)));
    times.giou.push(await seconds(() => evaluateCoco(truth, found, { overlap: 'giou' })));
    times.both.push(await seconds(() => evaluateCocoEach(truth, found, both)));
    for (const [i, pool] of pools.entries()) threaded[i].push(await seconds(() => pool.evaluate(truth, found)));
  }
  for (const pool of pools) await pool.close();

  const beside = peerTime('pycocotools');
  const faster = peerTime('faster-coco-eval');
  const iou = median(times.iou);
  const rows: readonly Row[] = [
    row(
      'evaluate + accumulate, iou',
      beside === undefined ? 'pycocotools (recorded)' : 'pycocotools',
      iou,
      beside ?? total('iou'),
    ),
    ...(faster === undefined ? [] : [row('evaluate + accumulate, iou', 'faster-coco-eval', iou, faster)]),
    row('evaluate + accumulate, giou', "g-darknet's pycocotools (recorded)", median(times.giou), total('giou')),
    row('both metrics together', 'iou alone', median(times.both), iou),
    ...threaded.map((list, i) =>
      row('evaluate + accumulate, iou', 'one thread', median(list), iou, { threads: threadCounts[i] }),
    ),
    row(
      'load and check the JSON',
      'pycocotools (recorded)',
      median(times.load),
      of('iou').load_gt_wall_s + of('iou').load_dt_wall_s,
    ),
    row('peak memory of a process that evaluates once', 'pycocotools (recorded)', memory.peak, of('iou').peak_rss_MB, {
      unit: 'MB',
    }),
    ...(await segmRows()),
    ...Object.entries(small).map(([name, peak]) => row(`peak memory: ${name}`, 'the limit', peak, 100, { unit: 'MB' })),
  ];
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, medians of ${rounds}`);
  console.table(
    rows.map((r) => ({ ...r, ours: +r.ours.toFixed(3), theirs: +r.theirs.toFixed(3), ratio: +r.ratio.toFixed(3) })),
  );
  console.log(`memory before the evaluation, the parsed JSON included: ${memory.before.toFixed(0)} MB`);
  const out = process.argv.indexOf('--json');
  if (out > 0) writeFileSync(process.argv[out + 1], `${JSON.stringify(rows, null, 2)}\n`);
};

if (!shared) console.log('skipped: the folder of goldens is not there');
else if (process.argv.includes(segmMode)) console.log(JSON.stringify(timeSegm(3)));
else if (process.argv.includes(memoryMode)) console.log(JSON.stringify(memoryOf()));
else await main();
