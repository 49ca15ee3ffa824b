/** What an evaluation leaves in a run's folder: rows of map.txt, a file for each checkpoint and metric, events, the part. */
import { appendFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readWhole, writeWhole } from '@gdarknet/data';
import { addMapRow, type MapRow, readMapLog } from '@gdarknet/data/runs';
import * as E from 'fp-ts/lib/Either.js';
import { must } from '../core/stop.ts';
import { exclusively } from '../locks/claim.ts';
import type { Checkpoint } from './checkpoints.ts';
import { rankOf } from './checkpoints.ts';
import { type ByMetric, type KeptPart, type Metric, metrics, packPart, type Scores, unpackPart } from './scores.ts';

/** A set of images with its truth; map.txt's metric is `<prefix>iou`, as in `val2017-iou`. */
export type EvaluationSet = { readonly prefix: string; readonly kind: 'labels' | 'voc' | 'coco' };

export const claimFolder = (folder: string): string => join(folder, '.watch');
const partFolder = (folder: string): string => join(folder, 'evaluations');
const idText = (id: MapRow['id']): string => (id === 'final' ? '9223372036854775807' : String(id));

export const partFile = (folder: string, { prefix }: EvaluationSet, id: MapRow['id']): string =>
  join(partFolder(folder), `${id}-${prefix}both.part`);

const mapFile = (folder: string): string => join(folder, 'map.txt');
const metricFile = (folder: string, id: MapRow['id'], metric: string): string =>
  join(folder, `${idText(id)}-${metric}.txt`);

const thresholds = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100);

/** As the original's scripts write it (SPEC 9.1, 9.2): thresholds with mAP for VOC, the row of map.txt for COCO. */
const metricText = (
  kind: EvaluationSet['kind'],
  metric: Metric,
  name: string,
  { mean, perThreshold }: Scores,
): string => {
  const title = metric === 'giou' ? 'gIOU' : 'IOU';
  const rows = perThreshold.map((ap, i) => `${thresholds[i]},${ap}`);
  return kind === 'voc' ? [`${title},mAP`, ...rows].join('\n') : `${name},mAP\n${[mean, ...perThreshold].join(',')}`;
};

/** The rows come last: they say that all is there. A process killed before them leaves an event that comes a second time. */
export const recordScores = async (
  folder: string,
  { id, file }: Checkpoint,
  set: EvaluationSet,
  kept: KeptPart,
  scores: ByMetric<Scores>,
): Promise<void> => {
  await mkdir(partFolder(folder), { recursive: true });
  await must(writeWhole(partFile(folder, set, id), packPart(kept, set.kind)));
  for (const metric of metrics) {
    const name = `${set.prefix}${metric}`;
    await must(writeWhole(metricFile(folder, id, name), metricText(set.kind, metric, name, scores[metric])));
  }
  const events = metrics.map((metric) => {
    const { coco, mean, perThreshold } = scores[metric];
    const event = {
      type: 'map',
      id,
      ...(id === 'final' ? {} : { batch: id }),
      metric: `${set.prefix}${metric}`,
      file,
      mean,
      perThreshold,
      stats: coco.stats,
    };
    return `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`;
  });
  await appendFile(join(folder, 'events.ndjson'), events.join(''));
  await exclusively(claimFolder(folder), 'map.txt', async () => {
    for (const metric of metrics) {
      const { mean, perThreshold } = scores[metric];
      await must(addMapRow(mapFile(folder), { metric: `${set.prefix}${metric}`, id, mean, perThreshold }));
    }
  });
};

/** The part that `recordScores` kept. */
export const readPart = async (folder: string, set: EvaluationSet, id: MapRow['id']): Promise<KeptPart | undefined> => {
  const bytes = await readWhole(partFile(folder, set, id))();
  return E.isLeft(bytes) ? undefined : unpackPart(bytes.right, set.kind);
};

const newerThan = async (file: string, other: string): Promise<boolean> => {
  try {
    return (await stat(file)).mtimeMs > (await stat(other)).mtimeMs;
  } catch {
    return false;
  }
};

/** Whether map.txt has its rows, and the weights were not written again since. */
export const isRecorded = async (folder: string, checkpoint: Checkpoint, set: EvaluationSet): Promise<boolean> => {
  const log = await readMapLog(mapFile(folder))();
  if (E.isLeft(log)) return false;
  const names = metrics.map((metric) => `${set.prefix}${metric}`);
  const there = names.every((name) =>
    log.right.rows.some(({ metric, id }) => metric === name && rankOf(id) === rankOf(checkpoint.id)),
  );
  if (!there) return false;
  const stale = await Promise.all(
    names.map((name) => newerThan(checkpoint.file, metricFile(folder, checkpoint.id, name))),
  );
  return !stale.includes(true);
};
