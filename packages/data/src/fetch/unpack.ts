/** Archives into a folder: zip by yauzl, tar (plain or gzipped) by tar. Nothing is written outside, and no bomb goes off. */
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { x as extractTar } from 'tar';
import { type Entry, open, type ZipFile } from 'yauzl';
import { type DataFault, reasonOf } from '../fault.ts';
import { writeWhole } from '../file.ts';

export type UnpackOptions = {
  /** Bytes over all files; 100 GB unless told. */
  readonly maxBytes?: number;
  /** Files and folders; 2 million unless told. */
  readonly maxEntries?: number;
};

type Budget = { readonly entry: (name: string, size: number) => void; readonly bytes: (n: number) => void };

const budgetOf = ({ maxBytes = 100e9, maxEntries = 2e6 }: UnpackOptions): Budget => {
  let [entries, bytes] = [0, 0];
  return {
    entry: (name, size) => {
      entries++;
      if (entries > maxEntries) throw new Error(`holds more than ${maxEntries} files`);
      if (size > maxBytes) throw new Error(`${name} claims ${size} bytes, more than ${maxBytes}`);
    },
    bytes: (n) => {
      bytes += n;
      if (bytes > maxBytes) throw new Error(`holds more than ${maxBytes} bytes`);
    },
  };
};

/** The place of an entry, which must lie inside the folder. */
const placeOf = (folder: string, name: string): string => {
  const path = resolve(join(folder, name));
  const inside = relative(resolve(folder), path);
  if (name.startsWith('/') || /^[a-z]:/i.test(name) || inside.startsWith('..') || name.includes('\0')) {
    throw new Error(`the entry ${JSON.stringify(name)} leads out of the folder`);
  }
  return path;
};

const counted = (budget: Budget): Transform =>
  new Transform({
    transform: (chunk: Uint8Array, _, done) => {
      try {
        budget.bytes(chunk.length);
        done(null, chunk);
      } catch (thrown) {
        done(thrown as Error);
      }
    },
  });

const openZip = (file: string): Promise<ZipFile> =>
  new Promise((done, fail) => {
    open(file, { lazyEntries: true, validateEntrySizes: true }, (error, zip) => (error ? fail(error) : done(zip)));
  });

const writeEntry = async (zip: ZipFile, entry: Entry, folder: string, budget: Budget): Promise<void> => {
  const path = placeOf(folder, entry.fileName);
  budget.entry(entry.fileName, entry.uncompressedSize);
  if (entry.fileName.endsWith('/')) {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  const from = await new Promise<NodeJS.ReadableStream>((done, fail) => {
    zip.openReadStream(entry, (error, stream) => (error ? fail(error) : done(stream)));
  });
  await pipeline(from, counted(budget), createWriteStream(path));
};

const unpackZip = async (file: string, folder: string, budget: Budget): Promise<void> => {
  const zip = await openZip(file);
  try {
    await new Promise<void>((done, fail) => {
      zip.on('error', fail);
      zip.on('end', done);
      zip.on('entry', (entry: Entry) => {
        writeEntry(zip, entry, folder, budget).then(() => zip.readEntry(), fail);
      });
      zip.readEntry();
    });
  } finally {
    zip.close();
  }
};

const plainTypes = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory']);

const unpackTar = async (file: string, folder: string, budget: Budget): Promise<void> => {
  let refused: unknown;
  await mkdir(folder, { recursive: true });
  await extractTar({
    file,
    cwd: folder,
    strict: true,
    filter: (path, entry) => {
      if (refused !== undefined) return false;
      try {
        placeOf(folder, path);
        // Links could lead the entries behind them out of the folder; no data set needs them.
        if ('type' in entry && !plainTypes.has(entry.type)) throw new Error(`the entry ${path} is a ${entry.type}`);
        budget.entry(path, entry.size);
        budget.bytes(entry.size);
        return true;
      } catch (thrown) {
        refused = thrown;
        return false;
      }
    },
  });
  if (refused !== undefined) throw refused;
};

/** By its name: `.zip`, `.tar`, `.tgz`, `.tar.gz`. What was written before a fault stays. */
export const unpack = (file: string, folder: string, options: UnpackOptions = {}): TE.TaskEither<DataFault, void> =>
  TE.tryCatch(
    () => (file.endsWith('.zip') ? unpackZip : unpackTar)(file, folder, budgetOf(options)),
    (thrown): DataFault => ({ tag: 'unreadable', file, reason: reasonOf(thrown) }),
  );

const changedAt = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
};

/** Unpacks and notes that beside the archive, in `<file>.unpacked`; an archive that has not changed since is left alone. */
export const unpackOnce = (
  file: string,
  folder: string,
  options: UnpackOptions = {},
): TE.TaskEither<DataFault, 'unpacked' | 'was there'> => {
  const note = `${file}.unpacked`;
  return pipe(
    TE.fromTask(() => Promise.all([changedAt(file), changedAt(note)])),
    TE.flatMap(([archive, noted]) =>
      archive !== undefined && noted !== undefined && noted >= archive
        ? TE.right('was there' as const)
        : pipe(
            unpack(file, folder, options),
            TE.flatMap(() => writeWhole(note, '')),
            TE.map(() => 'unpacked' as const),
          ),
    ),
  );
};
