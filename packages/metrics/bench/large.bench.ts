/**
 * Evaluation of 5,000 images, 80 classes, 275,395 detections (goldens/coco/07_large) on one thread. pycocotools runs
 * beside it when python3 can import it; else its recorded figures stand, and are called recorded.
 * `--json file` writes the rows.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { goldenPath, readBytes, readJson, shared } from '../../../test/shared.ts';
import { parseCocoInstances, parseCocoResults } from '../src/formats/index.ts';
import type { CocoDetection, CocoInstances } from '../src/index.ts';
import { evaluateCoco } from '../src/index.ts';

interface Row {
  readonly name: string;
  readonly peer: string;
  readonly threads: number;
  readonly ours: number;
  readonly theirs: number;
  readonly unit: 's' | 'MB';
  readonly ratio: number;
}

const rounds = 7;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const seconds = (run: () => unknown): number => {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
};
const rowOf = (name: string, peer: string, ours: number, theirs: number, unit: Row['unit'] = 's'): Row => ({
  name,
  peer,
  threads: 1,
  ours,
  theirs,
  unit,
  ratio: ours / theirs,
});

const python = `
import gzip, json, sys, time, contextlib, io
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
gt, dt = COCO(), json.load(gzip.open(sys.argv[2]))
with contextlib.redirect_stdout(io.StringIO()):
    gt.dataset = json.load(gzip.open(sys.argv[1])); gt.createIndex()
    e = COCOeval(gt, gt.loadRes(dt), 'bbox')
    s = time.time(); e.evaluate(); e.accumulate(); t = time.time() - s
print(t)`;

const main = (): void => {
  if (!shared) {
    console.log('skipped: the folder of goldens is not there');
    return;
  }
  const at = (file: string): string => goldenPath('coco', '07_large', file);
  const text = (file: string): string => new TextDecoder().decode(readBytes(at(file)));
  const [gtText, dtText] = [text('gt.json.gz'), text('dt.json.gz')];
  const times: Record<'load' | 'iou' | 'giou', number[]> = { load: [], iou: [], giou: [] };
  let truth: CocoInstances = { images: [], annotations: [], categories: [] };
  let found: readonly CocoDetection[] = [];
  for (let round = 0; round < rounds; round++) {
    times.load.push(
      seconds(() => {
        const [gt, dt] = [parseCocoInstances(gtText, 'gt'), parseCocoResults(dtText, 'dt')];
        if (gt._tag === 'Right' && dt._tag === 'Right') [truth, found] = [gt.right, dt.right];
      }),
    );
    times.iou.push(seconds(() => evaluateCoco(truth, found)));
    times.giou.push(seconds(() => evaluateCoco(truth, found, { overlap: 'giou' })));
  }
  type Timing = {
    which: string;
    metric: string;
    evaluate_wall_s: number;
    accumulate_wall_s: number;
    load_gt_wall_s: number;
    load_dt_wall_s: number;
    peak_rss_MB: number;
  };
  const recorded = readJson<{ pycocotools_timing: Timing[] }>(at('expected.json')).pycocotools_timing;
  const of = (metric: string): Timing => recorded.find((row) => row.metric === metric)!;
  const live = spawnSync('python3', ['-c', python, at('gt.json.gz'), at('dt.json.gz')], { encoding: 'utf8' });
  const total = (row: Timing): number => row.evaluate_wall_s + row.accumulate_wall_s;
  const beside = live.status === 0 ? Number(live.stdout) : undefined;
  const rows = [
    rowOf(
      'evaluate + accumulate, iou',
      beside === undefined ? 'pycocotools (recorded)' : 'pycocotools',
      median(times.iou),
      beside ?? total(of('iou')),
    ),
    rowOf('evaluate + accumulate, giou', 'its GIoU fork (recorded)', median(times.giou), total(of('giou'))),
    rowOf(
      'load and check JSON',
      'pycocotools (recorded)',
      median(times.load),
      of('iou').load_gt_wall_s + of('iou').load_dt_wall_s,
    ),
    rowOf(
      'peak memory of the process',
      'pycocotools (recorded)',
      process.resourceUsage().maxRSS / 1024,
      of('iou').peak_rss_MB,
      'MB',
    ),
  ];
  console.log(`${cpus()[0]?.model}, Node ${process.version}, median of ${rounds}`);
  console.table(rows);
  const out = process.argv.indexOf('--json');
  if (out > 0) writeFileSync(process.argv[out + 1]!, `${JSON.stringify(rows, null, 2)}\n`);
};

main();
