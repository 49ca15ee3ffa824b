/** What the page asks for. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as t from 'io-ts';
import { type Core, change } from '../core.ts';
import { refuse } from '../fault.ts';
import { type Answer, type Call, json, type Route, taken } from '../http/exchange.ts';
import { fileAnswer, rootOf } from '../protocol/artifacts.ts';
import { anyText, take } from '../protocol/codecs.ts';
import { hideMark } from '../runs/run-folder.ts';
import { metricsOf, readPage } from '../store/points.ts';
import { setPreference } from '../store/preferences.ts';
import { runById, type StoredRun, updateRun } from '../store/runs.ts';
import { cfgOf, evaluationsOf, picturesOf } from '../views/run-files.ts';
import { runViews } from '../views/run-view.ts';
import { seriesViews } from '../views/series-view.ts';

const number = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name);
  if (text === null) return undefined;
  return /^-?\d{1,15}$/.test(text)
    ? Number(text)
    : refuse('invalid', `${name}: found ${JSON.stringify(text.slice(0, 80))}, expected a whole number`);
};

/** A chart is no wider than a screen; more is for downloads. */
const mostPoints = 20_000;
const mostSeries = 5000;

const series = async (core: Core, { query }: Call): Promise<Answer> => {
  const [runs, keys] = [query.getAll('run'), query.getAll('key')];
  if (runs.length * keys.length > mostSeries) {
    return refuse(
      'invalid',
      `run and key: found ${runs.length} x ${keys.length} series, expected at most ${mostSeries}`,
    );
  }
  const [from, to] = [number(query, 'from'), number(query, 'to')];
  const points = Math.min(mostPoints, Math.max(10, number(query, 'points') ?? 1000));
  const range = { points, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  return json(await seriesViews(core, runs, keys, range));
};

/** A comma, a quote or a line end in a name must not make a new cell, nor a name a formula. */
const cell = (text: string): string => {
  const plain = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

type Writer = {
  readonly head: string;
  readonly line: (key: string, step: number, time: number, value: number) => string;
};
const writers: Readonly<Record<string, Writer>> = {
  csv: {
    head: 'key,step,time,value\n',
    line: (key, step, time, value) => `${cell(key)},${step},${time},${value}\n`,
  },
  ndjson: {
    head: '',
    line: (key, step, timestamp, value) =>
      `${JSON.stringify({ key, step, timestamp, value: Number.isFinite(value) ? value : String(value) })}\n`,
  },
};

const exportPage = 5000;

const lines = function* ({ db }: Core, run: StoredRun, { head, line }: Writer): Generator<string> {
  yield head;
  for (const { id, key } of metricsOf(db, run.id)) {
    let points = readPage(db, id, exportPage);
    while (points.length > 0) {
      yield points.map(({ step, time, value }) => line(key, step, time, value)).join('');
      points = readPage(db, id, exportPage, points[points.length - 1]);
    }
  }
};

const exported = (core: Core, { parts }: Call): Answer => {
  const [format, run] = [parts.format, runById(core.db, parts.id)];
  if (!Object.hasOwn(writers, format))
    return refuse('missing', `format: found ${JSON.stringify(format)}, expected csv or ndjson`);
  return {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="${run.uuid}.${format}"`,
    },
    body: Readable.from(lines(core, run, writers[format])),
  };
};

const preference = t.partial({
  name: anyText(200),
  notes: anyText(10_000),
  color: t.union([t.literal(''), t.refinement(t.string, (text) => /^#[0-9a-f]{6}$/i.test(text), 'a colour #rrggbb')]),
  hidden: t.boolean,
});

/** A run on the disk is marked as the original marks it, so that its board hides it too; nothing of it is deleted. */
export const hide = async (run: StoredRun, hidden: boolean): Promise<void> => {
  if (run.folder === undefined) return;
  const mark = join(run.folder, hideMark);
  try {
    if (hidden) await writeFile(mark, '');
    else await rm(mark, { force: true });
  } catch {
    // A folder that cannot be written to is hidden in the database only.
  }
};

const prefer = async (core: Core, { parts, json: body }: Call): Promise<Answer> => {
  const said = take(preference, await body());
  const run = runById(core.db, parts.id);
  if (said.hidden !== undefined) await hide(run, said.hidden);
  await core.db.change(() => setPreference(core.db, run.uuid, said));
  core.hub.runs();
  return json({});
};

export const boardRoutes = (core: Core): readonly Route[] => {
  const { db, hub, now } = core;
  const ofRun = (run: (found: StoredRun, call: Call) => Promise<Answer> | Answer) => (call: Call) =>
    run(runById(db, call.parts.id), call);
  return [
    { method: 'GET', path: '/api/board/runs', run: () => json({ now: now(), runs: runViews(core) }) },
    { method: 'GET', path: '/api/board/series', run: (call) => series(core, call) },
    {
      method: 'GET',
      path: '/api/board/events',
      run: ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
        hub.join(response);
        return taken;
      },
    },
    {
      method: 'GET',
      path: '/api/board/runs/:id/files',
      run: ofRun(async (run) =>
        json({
          cfg: (await cfgOf(core, run)) ?? null,
          pictures: await picturesOf(core, run),
          evaluations: await evaluationsOf(core, run),
        }),
      ),
    },
    {
      method: 'GET',
      path: '/api/board/runs/:id/file/*path',
      run: ofRun((run, { parts }) => fileAnswer(rootOf(core, run), parts.path, true)),
    },
    { method: 'GET', path: '/api/board/runs/:id/export/:format', run: (call) => exported(core, call) },
    { method: 'PATCH', path: '/api/board/runs/:id', run: (call) => prefer(core, call) },
    {
      method: 'DELETE',
      path: '/api/board/runs/:id',
      run: ofRun(async (run) => {
        // What came over the network is marked deleted, which a client can take back; a folder is hidden.
        await hide(run, true);
        await change(core, run.uuid, (id) => {
          if (run.folder === undefined) updateRun(db, id, { lifecycle: 'deleted' }, now());
          else setPreference(db, run.uuid, { hidden: true });
        });
        return json({});
      }),
    },
  ];
};
