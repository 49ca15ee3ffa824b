/** One line of a run's events.ndjson to points and states. */
import type { LayerLog } from '@gdarknet/data/runs';
import * as E from 'fp-ts/lib/Either.js';
import { layerPoints } from './batch-points.ts';
import { apKeys, averageLossKey, batchLossKey, isKey, rateKey, stepTimeKey, waitTimeKey } from './metric-keys.ts';
import type { Point, Status } from './point.ts';

export type EventNews = {
  readonly points: readonly Point[];
  /** A batch from which on events tell of training. */
  readonly batchFrom?: number;
  /** A batch from which on events tell of this metric's AP. */
  readonly mapFrom?: { readonly metric: string; readonly batch: number };
  readonly started?: number;
  readonly ended?: { readonly status: Status; readonly time: number };
};

type Fields = Readonly<Record<string, unknown>>;
type Read = (event: Fields, time: number) => E.Either<string, EventNews>;

/** JSON has no NaN: a loss that was one is written as null. */
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : value === null ? Number.NaN : undefined;

const stepOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const single = { loss: batchLossKey, average: averageLossKey, rate: rateKey, stepMs: stepTimeKey, waitMs: waitTimeKey };
const layerFields = ['iou', 'giou', 'boxLoss', 'classLoss', 'cost'] as const;

const layerOf = (value: unknown): LayerLog | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = layerFields.map((name) => [name, numberOf((value as Fields)[name])] as const);
  return fields.every(([, number]) => number !== undefined) ? (Object.fromEntries(fields) as LayerLog) : undefined;
};

const batch: Read = (event, time) => {
  const step = stepOf(event.batch);
  if (step === undefined) return E.left('a whole number as batch');
  const heads = Array.isArray(event.heads) ? event.heads.map(layerOf) : [];
  const layers = heads.filter((layer) => layer !== undefined);
  if (layers.length !== heads.length) return E.left(`heads with the numbers ${layerFields.join(', ')}`);
  const points = Object.entries(single).flatMap(([field, key]): readonly Point[] => {
    const value = numberOf(event[field]);
    return value === undefined ? [] : [{ key, step, time, value }];
  });
  return E.right({ points: [...points, ...layerPoints(layers, step, time)], batchFrom: step });
};

const map: Read = (event, time) => {
  const step = stepOf(event.batch);
  const { metric, stats } = event;
  const [mean, at50, at75] = Array.isArray(stats) ? stats.map(numberOf) : [];
  if (step === undefined || typeof metric !== 'string' || mean === undefined) {
    return E.left('batch, metric and stats of a map event');
  }
  const keys = apKeys(metric);
  if (!isKey(keys.mean)) return E.left('a metric of letters, digits and -_./');
  const point = (key: string, value: number | undefined): readonly Point[] =>
    value === undefined ? [] : [{ key, step, time, value }];
  return E.right({
    points: [...point(keys.mean, mean), ...point(keys.at50, at50), ...point(keys.at75, at75)],
    mapFrom: { metric, batch: step },
  });
};

const endings: Readonly<Record<string, Status>> = { finished: 'FINISHED', interrupted: 'KILLED' };

const readers: Readonly<Record<string, Read>> = {
  batch,
  map,
  start: (event, time) => {
    const before = stepOf(event.batch);
    return E.right({ points: [], started: time, ...(before !== undefined && { batchFrom: before + 1 }) });
  },
  end: (event, time) => E.right({ points: [], ended: { status: endings[String(event.reason)] ?? 'FAILED', time } }),
};

/** Kinds of events that say nothing to a board are taken without points; the left completes "expected ...". */
export const readEvent = (line: string): E.Either<string, EventNews> => {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return E.left('one JSON object a line');
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return E.left('one JSON object a line');
  const { type, time } = event as Fields;
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  if (typeof type !== 'string' || !Number.isSafeInteger(at)) return E.left('type and time of an event');
  return Object.hasOwn(readers, type) ? readers[type](event as Fields, at) : E.right({ points: [] });
};
