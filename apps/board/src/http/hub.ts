/** Server-sent events: what has been stored is told to every open page, a few times a second, written once for all. */
import type { ServerResponse } from 'node:http';
import type { Point } from '../runs/point.ts';
import { jsonText } from './exchange.ts';

/** `{run: {key: [[step, time, value], ...]}}` */
type News = Map<string, Map<string, (readonly [number, number, number])[]>>;

export const tickMs = 400;
/** More than this in one tick is not sent: pages are told which runs to read anew. */
const maxPoints = 4000;
/** A page that does not read is let go, rather than kept in memory; its browser comes back by itself. */
const maxBehind = 4 << 20;
const heartbeatMs = 15_000;

export const hub = () => {
  const viewers = new Set<ServerResponse>();
  let news: News = new Map();
  let count = 0;
  let stale = new Set<string>();
  let changed = false;
  let lastBeat = 0;

  const send = (text: string): void => {
    for (const viewer of viewers) {
      if (viewer.writableLength > maxBehind) {
        viewers.delete(viewer);
        viewer.destroy();
      } else viewer.write(text);
    }
  };
  const tick = (): void => {
    const now = Date.now();
    if (changed) send('event: runs\ndata: {}\n\n');
    if (stale.size > 0) send(`event: stale\ndata: ${jsonText([...stale])}\n\n`);
    if (news.size > 0) {
      const runs = Object.fromEntries([...news].map(([run, series]) => [run, Object.fromEntries(series)]));
      send(`event: points\ndata: ${jsonText(runs)}\n\n`);
    }
    if (now - lastBeat > heartbeatMs) {
      send(': still here\n\n');
      lastBeat = now;
    }
    news = new Map();
    stale = new Set();
    count = 0;
    changed = false;
  };
  const timer = setInterval(tick, tickMs);
  timer.unref();

  return {
    /** Points that have just been stored. */
    points: (run: string, points: readonly Point[]): void => {
      if (viewers.size === 0 || points.length === 0) return;
      count += points.length;
      if (count > maxPoints) {
        for (const known of news.keys()) stale.add(known);
        stale.add(run);
        news = new Map();
        return;
      }
      const series = news.get(run) ?? new Map<string, (readonly [number, number, number])[]>();
      news.set(run, series);
      for (const { key, step, time, value } of points) {
        const list = series.get(key);
        if (list) list.push([step, time, value]);
        else series.set(key, [[step, time, value]]);
      }
    },
    /** Something about the list of runs. */
    runs: (): void => {
      changed = true;
    },
    /** Everything known of a run is another now. */
    stale: (run: string): void => {
      stale.add(run);
    },
    join: (response: ServerResponse): void => {
      response.write('retry: 2000\n\n');
      viewers.add(response);
      response.on('close', () => viewers.delete(response));
    },
    viewers: (): number => viewers.size,
    close: (): void => {
      clearInterval(timer);
      for (const viewer of viewers) viewer.end();
      viewers.clear();
    },
  };
};

export type Hub = ReturnType<typeof hub>;
