/** A static report: the page with everything that it shows of some runs, in one file that needs no network and no server. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type DataFault, reasonOf, writeWhole } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { pageFiles } from '../assets/page-files.ts';
import { ingest } from '../collector/ingest.ts';
import type { Core } from '../core.ts';
import { jsonText } from '../http/exchange.ts';
import { hub } from '../http/hub.ts';
import type { Embedded } from '../page/embedded-source.ts';
import { openDatabase } from '../store/database.ts';
import { runById } from '../store/runs.ts';
import { cfgOf, evaluationsOf, type Picture, picturesOf } from '../views/run-files.ts';
import { runViews } from '../views/run-view.ts';
import { seriesViews } from '../views/series-view.ts';

export type ReportOptions = {
  /** Folders of runs. */
  readonly runs: readonly string[];
  /** The file to write, whole or not at all. */
  readonly out: string;
  readonly title?: string;
  /** About so many points of each curve, the extremes among them. Default 2000. */
  readonly points?: number;
  /** Of all pictures together; later ones are left out. Default 16 MB. */
  readonly pictureBytes?: number;
};

export type Report = {
  readonly file: string;
  readonly bytes: number;
  readonly runs: number;
  readonly pictures: number;
};

const imageTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
};

type Album = { readonly shown: readonly Picture[]; readonly urls: Readonly<Record<string, string>> };

/** The newest first, until there is no room; then in order again. */
const albumOf = async (core: Core, uuid: string, room: { bytes: number }): Promise<Album> => {
  const run = runById(core.db, uuid);
  const all = await picturesOf(core, run);
  const urls: Record<string, string> = {};
  for (const { path } of [...all].reverse()) {
    const bytes = await readFile(join(run.folder ?? '', path));
    if (bytes.length > room.bytes) break;
    room.bytes -= bytes.length;
    urls[path] = `data:${imageTypes[extname(path).toLowerCase()]};base64,${bytes.toString('base64')}`;
  }
  return { shown: all.filter(({ path }) => Object.hasOwn(urls, path)), urls };
};

const collect = async (
  core: Core,
  { runs, title, points = 2000, pictureBytes = 16 << 20 }: ReportOptions,
): Promise<Embedded> => {
  const ids: string[] = [];
  for (const run of runs) {
    const path = resolve(run);
    const found = { path, name: basename(path), group: '' };
    ids.push(await ingest(core, found, basename(dirname(path))));
  }
  const views = runViews(core);
  const keys = [...new Set(views.flatMap(({ metrics }) => Object.keys(metrics)))];
  const room = { bytes: pictureBytes };
  const albums = new Map<string, Album>();
  for (const id of ids) albums.set(id, await albumOf(core, id, room));
  const files = await Promise.all(
    ids.map(async (id) => {
      const run = runById(core.db, id);
      const [cfg, evaluations] = [(await cfgOf(core, run)) ?? null, await evaluationsOf(core, run)];
      return [id, { cfg, evaluations, pictures: albums.get(id)?.shown ?? [] }] as const;
    }),
  );
  return {
    title: title ?? `report of ${new Date(core.now()).toISOString().slice(0, 10)}`,
    runs: views,
    series: await seriesViews(core, ids, keys, { points }),
    files: Object.fromEntries(files),
    pictures: Object.fromEntries(ids.map((id) => [id, albums.get(id)?.urls ?? {}])),
  };
};

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** JSON in a script element must not end it. */
const inScript = (text: string): string => text.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028');

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const pageOf = async (embedded: Embedded): Promise<string> => {
  const { js, css } = await pageFiles();
  // Only this script and this style run, whatever a run's log has tried to smuggle in.
  const script = js.replaceAll('</script', '<\\/script');
  const policy = `default-src 'none'; script-src ${digest(script)}; style-src ${digest(css)}; img-src data: blob:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(embedded.title)}</title>
<style>${css}</style>
</head>
<body>
<script type="application/json" id="report">${inScript(jsonText(embedded))}</script>
<script>${script}</script>
</body>
</html>
`;
};

export const writeReport =
  (options: ReportOptions): TaskEither<DataFault, Report> =>
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gdarknet-report-'));
    const core: Core = {
      db: openDatabase(join(folder, 'runs.db')),
      hub: hub(),
      artifacts: join(folder, 'artifacts'),
      now: Date.now,
    };
    try {
      const embedded = await collect(core, options);
      const html = await pageOf(embedded);
      const written = await writeWhole(options.out, html)();
      if (E.isLeft(written)) return written;
      const pictures = Object.values(embedded.pictures).reduce((sum, urls) => sum + Object.keys(urls).length, 0);
      return E.right({ file: options.out, bytes: Buffer.byteLength(html), runs: embedded.runs.length, pictures });
    } catch (thrown) {
      return E.left({ tag: 'unreadable', file: options.runs.join(', '), reason: reasonOf(thrown) });
    } finally {
      core.hub.close();
      await core.db.close();
      await rm(folder, { recursive: true, force: true });
    }
  };
