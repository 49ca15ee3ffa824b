/** Points and parameters of a run in batches that MLflow takes; what it refuses is left out and given back. */
import * as E from 'fp-ts/lib/Either.js';
import type { Pair, Point } from '../runs/point.ts';
import type { PersistentClient } from './persistence.ts';

/** MLflow's limits for one batch. */
const mostPoints = 1000;
const mostPairs = 100;

/** NaN and the infinities as JSON of protocol buffers has them. */
const written = (value: number): number | string =>
  Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';

const metricOf = ({ key, step, time, value }: Point) => ({ key, value: written(value), timestamp: time, step });

const chunks = <A>(items: readonly A[], size: number): readonly (readonly A[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

export type Refusal<A> = { readonly item: A; readonly what: string };

/** What the server refuses is halved until what is wrong with it stands alone. */
async function* sendSomePoints(
  client: PersistentClient,
  run: string,
  points: readonly Point[],
): AsyncGenerator<Refusal<Point>> {
  const answer = await client.post('runs/log-batch', { run_id: run, metrics: points.map(metricOf) });
  if (E.isRight(answer)) return;
  if (points.length === 1) {
    yield { item: points[0], what: answer.left.what };
    return;
  }
  const middle = points.length >> 1;
  yield* sendSomePoints(client, run, points.slice(0, middle));
  yield* sendSomePoints(client, run, points.slice(middle));
}

async function* sendSomeParams(
  client: PersistentClient,
  run: string,
  params: readonly Pair[],
): AsyncGenerator<Refusal<Pair>> {
  const answer = await client.post('runs/log-batch', { run_id: run, params });
  if (E.isRight(answer)) return;
  if (params.length === 1) yield { item: params[0], what: answer.left.what };
  else for (const param of params) yield* sendSomeParams(client, run, [param]);
}

/** Sends all points, and gives each that is refused for good. */
export async function* sendPoints(client: PersistentClient, run: string, points: readonly Point[]) {
  for (const some of chunks(points, mostPoints)) yield* sendSomePoints(client, run, some);
}

/** Sends all parameters, and gives each that is refused for good. */
export async function* sendParams(client: PersistentClient, run: string, params: readonly Pair[]) {
  for (const some of chunks(params, mostPairs)) yield* sendSomeParams(client, run, some);
}
