/** A board over HTTP and server-sent events. */
import type { FreshPoints, RunFiles, RunView, SeriesViews, Source } from './source.ts';

const ask = async <A>(path: string, init: RequestInit = {}): Promise<A> => {
  const response = await fetch(path, init);
  if (response.status === 401) location.assign('/login');
  if (!response.ok) throw new Error(`${path.split('?')[0]}: ${response.status}`);
  return (await response.json()) as A;
};

const path = (run: string): string => `/api/board/runs/${encodeURIComponent(run)}`;

export const liveSource = (): Source => ({
  live: true,
  runs: async () => (await ask<{ readonly runs: readonly RunView[] }>('/api/board/runs')).runs,
  series: (runs, keys, { from, to, points }) => {
    const query = new URLSearchParams({ points: String(points) });
    if (from !== undefined) query.set('from', String(Math.floor(from)));
    if (to !== undefined) query.set('to', String(Math.ceil(to)));
    for (const run of runs) query.append('run', run);
    for (const key of keys) query.append('key', key);
    return ask<SeriesViews>(`/api/board/series?${query}`);
  },
  files: (run) => ask<RunFiles>(`${path(run)}/files`),
  pictureUrl: (run, file) => `${path(run)}/file/${file.split('/').map(encodeURIComponent).join('/')}`,
  exportUrl: (run) => `${path(run)}/export/csv`,
  prefer: async (run, preference) => {
    const headers = { 'content-type': 'application/json' };
    await ask(path(run), { method: 'PATCH', headers, body: JSON.stringify(preference) });
  },
  remove: async (run) => {
    await ask(path(run), { method: 'DELETE' });
  },
  listen: (news) => {
    const events = new EventSource('/api/board/events');
    let broken = false;
    events.addEventListener('open', () => {
      news.connected(true);
      // What was told while nobody listened is read instead.
      if (broken) {
        news.runs();
        news.stale(undefined);
      }
      broken = false;
    });
    events.addEventListener('error', () => {
      broken = true;
      news.connected(false);
    });
    events.addEventListener('runs', () => news.runs());
    events.addEventListener('points', ({ data }) => news.points(JSON.parse(data) as FreshPoints));
    events.addEventListener('stale', ({ data }) => news.stale(JSON.parse(data) as readonly string[]));
  },
});
