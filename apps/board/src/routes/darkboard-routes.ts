/** The API of the original's board (SPEC 10.2), read by those who have scripts for it. */
import type { Core } from '../core.ts';
import { type Call, json, type Route } from '../http/exchange.ts';
import { preferenceOf, setPreference } from '../store/preferences.ts';
import { listRuns, runById, type StoredRun } from '../store/runs.ts';
import { chartData } from '../views/chart-data.ts';
import { hide } from './board-routes.ts';

const colors = ['#FF4081', '#993D5C', '#D000FF', '#F3FF40', '#CCBD14', '#00CAFF', '#CCBD14'];

export const darkboardRoutes = (core: Core): readonly Route[] => {
  const { db } = core;
  const document = (run: StoredRun, index: number) => {
    const { name, color, notes, hidden = false } = preferenceOf(db, run.uuid);
    return {
      id: run.name,
      name: run.name,
      subtitle: name ?? null,
      is_hidden: hidden,
      notes: notes ?? null,
      path: run.folder ?? null,
      color: color ?? colors[index % colors.length],
    };
  };
  const shown = (): readonly StoredRun[] =>
    listRuns(db)
      .filter(({ uuid, lifecycle }) => lifecycle === 'active' && !preferenceOf(db, uuid).hidden)
      .sort((a, b) => (a.name < b.name ? 1 : -1));
  /** By the folder's name, as the original, or by the run's id. */
  const find = ({ parts }: Call): readonly [run: StoredRun, index: number] => {
    const id = parts.id.replace(/\.json$/, '');
    const all = shown();
    const index = all.findIndex((run) => run.name === id || run.name === parts.id);
    return index < 0 ? [runById(db, id), 0] : [all[index], index];
  };
  const list = () => json(shown().map(document));
  return [
    { method: 'GET', path: '/api/experiments', run: list },
    { method: 'GET', path: '/api/experiments.json', run: list },
    {
      method: 'GET',
      path: '/api/experiments/:id',
      run: (call) => {
        const [run, index] = find(call);
        return json({ ...document(run, index), chart: chartData(core, run) });
      },
    },
    {
      method: 'DELETE',
      path: '/api/experiments/:id',
      run: async (call) => {
        const [run] = find(call);
        await hide(run, true);
        await db.change(() => setPreference(db, run.uuid, { hidden: true }));
        core.hub.runs();
        return { status: 204, body: '' };
      },
    },
  ];
};
