/** Files of runs: in the folder of the run itself, or where the collector keeps what came over the network. No path leads out. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { refuse } from '../fault.ts';

const space = 32;
const plainName = (name: string): boolean =>
  [...name].every((letter) => letter.charCodeAt(0) >= space && !'\\:*?"<>|'.includes(letter));

/** Segments of a path that a client has sent; refused when one could climb, hide, or mean something to a file system. */
export const segmentsOf = (path: string): readonly string[] => {
  const segments = path.split('/').filter((segment) => segment !== '');
  const bad = segments.find((one) => one === '.' || one === '..' || one.length > 200 || !plainName(one));
  if (bad !== undefined || path.length > 1000) {
    return refuse('invalid', `path: found ${JSON.stringify(path.slice(0, 80))}, expected a plain relative path`);
  }
  return segments;
};

/** The real path of what is there; refused when a link leads out of `root`. */
const inside = async (root: string, path: string): Promise<string> => {
  const at = join(root, ...segmentsOf(path));
  try {
    const [top, real] = [await realpath(root), await realpath(at)];
    if (real === top || real.startsWith(top + sep)) return real;
  } catch {
    return refuse('missing', `there is no file ${JSON.stringify(path.slice(0, 80))}`);
  }
  return refuse('forbidden', `path: ${JSON.stringify(path.slice(0, 80))} leads out of the run's folder`);
};

export type FileEntry = { readonly path: string; readonly is_dir: boolean; readonly file_size?: number };

/** More are not listed. */
const maxEntries = 2000;

/** What lies in a folder, by name; nothing when there is no such folder. */
export const listFiles = async (root: string, path: string): Promise<readonly FileEntry[]> => {
  let folder: string;
  try {
    folder = await inside(root, path);
  } catch {
    segmentsOf(path);
    return [];
  }
  const names = (await readdir(folder)).sort().slice(0, maxEntries);
  const prefix = segmentsOf(path).join('/');
  const entries = await Promise.all(
    names.map(async (name): Promise<readonly FileEntry[]> => {
      try {
        const about = await stat(join(folder, name));
        const at = prefix === '' ? name : `${prefix}/${name}`;
        if (about.isDirectory()) return [{ path: at, is_dir: true }];
        return about.isFile() ? [{ path: at, is_dir: false, file_size: about.size }] : [];
      } catch {
        return [];
      }
    }),
  );
  return entries.flat();
};

const types: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.csv': 'text/plain; charset=utf-8',
  '.cfg': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.log': 'text/plain; charset=utf-8',
};

export type FileRead = {
  readonly stream: Readable;
  readonly size: number;
  readonly type: string;
  readonly name: string;
};

export const readArtifact = async (root: string, path: string): Promise<FileRead> => {
  const file = await inside(root, path);
  const about = await stat(file);
  if (!about.isFile()) return refuse('missing', `${JSON.stringify(path.slice(0, 80))} is no file`);
  return {
    stream: createReadStream(file),
    size: about.size,
    type: types[extname(file).toLowerCase()] ?? 'application/octet-stream',
    name: basename(file),
  };
};

let parts = 0;

/** Written whole or not at all. */
export const writeArtifact = async (root: string, path: string, content: Readable): Promise<void> => {
  const segments = segmentsOf(path);
  if (segments.length === 0) return refuse('invalid', 'path: found nothing, expected the path of a file');
  const file = join(root, ...segments);
  await mkdir(dirname(file), { recursive: true });
  if (relative(await realpath(root), await realpath(dirname(file))).startsWith('..')) {
    return refuse('forbidden', `path: ${JSON.stringify(path.slice(0, 80))} leads out of the artifacts`);
  }
  const beside = `${file}.${process.pid}.${parts++}.part`;
  try {
    const handle = await open(beside, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
};

export const dropArtifact = async (root: string, path: string): Promise<void> => {
  if (segmentsOf(path).length === 0) return refuse('invalid', 'path: found nothing, expected the path of a file');
  await rm(await inside(root, path), { recursive: true });
};
