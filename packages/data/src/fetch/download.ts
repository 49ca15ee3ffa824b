/**
 * One file over HTTP: resumed where it broke off, checked, and in place whole or not at all. What has come so far lies
 * in `<file>.part`, with the server's mark of the version in `<file>.part.etag`.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type DataFault, reasonOf } from '../fault.ts';

export type Checksum = { readonly kind: 'md5' | 'sha256'; readonly hex: string };

export type DownloadOptions = {
  readonly checksum?: Checksum;
  /** Tries without a byte of progress before giving up; 5 unless told. */
  readonly tries?: number;
  /** Milliseconds before the second such try, doubled each time; 500 unless told. */
  readonly pauseMs?: number;
  /** A server that is silent for so long is given up for this try; 60 s unless told. */
  readonly idleMs?: number;
  /** More than this is refused; 200 GB unless told. */
  readonly maxBytes?: number;
  readonly onProgress?: (bytes: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
};

/** The server's answer or the file itself rules out that another try helps. */
class Hopeless extends Error {}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const digestOf = async (path: string, { kind }: Checksum): Promise<string> => {
  const hash = createHash(kind);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
};

type Reply = { readonly response: Response; readonly offset: number; readonly total: number | undefined };

/** `bytes 100-199/200` */
const contentRange = /^bytes (\d+)-(\d+)\/(\d+|\*)$/;

const ask = async (url: string, have: number, tag: string, signal: AbortSignal): Promise<Reply> => {
  const ranged = have > 0 ? { range: `bytes=${have}-`, ...(tag !== '' && { 'if-range': tag }) } : {};
  // A compressed answer has a length of its own.
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...ranged }, signal });
  const length = response.headers.get('content-length');
  if (response.status === 200) {
    return { response, offset: 0, total: length === null ? undefined : Number(length) };
  }
  await (response.status === 206 ? undefined : response.body?.cancel());
  if (response.status === 206) {
    const range = contentRange.exec(response.headers.get('content-range') ?? '');
    if (range !== null && Number(range[1]) === have) {
      return { response, offset: have, total: range[3] === '*' ? undefined : Number(range[3]) };
    }
    await response.body?.cancel();
    throw new Error('the server sent another part than was asked for');
  }
  // A part that is as long as the file, or longer: it starts anew.
  if (response.status === 416) return { response, offset: -1, total: undefined };
  const message = `the server answered ${response.status} ${response.statusText}`;
  throw response.status >= 500 || response.status === 429 || response.status === 408
    ? new Error(message)
    : new Hopeless(message);
};

/** One try: true when the file is whole. */
const attempt = async (url: string, part: string, options: DownloadOptions): Promise<void> => {
  const { idleMs = 60_000, maxBytes = 200e9, onProgress, signal } = options;
  const idle = new AbortController();
  let timer = setTimeout(() => idle.abort(new Error('the server fell silent')), idleMs);
  const either = AbortSignal.any(signal ? [idle.signal, signal] : [idle.signal]);
  try {
    const tag = await readFile(`${part}.etag`, 'utf8').catch(() => '');
    // Without a mark nobody knows whether the rest belongs to the same file; the checksum tells in the end.
    const have = tag !== '' || options.checksum ? await sizeOf(part) : 0;
    const { response, offset, total } = await ask(url, have, tag, either);
    if (offset < 0 || response.body === null) {
      await rm(part, { force: true });
      throw new Error('what has come so far does not fit the file');
    }
    if (total !== undefined && total > maxBytes)
      throw new Hopeless(`the file has ${total} bytes, more than ${maxBytes}`);
    await writeFile(`${part}.etag`, response.headers.get('etag') ?? '');
    const file = await open(part, offset > 0 ? 'r+' : 'w');
    let at = offset;
    try {
      // Node's streams are iterable; the types of the web do not say so.
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        clearTimeout(timer);
        timer = setTimeout(() => idle.abort(new Error('the server fell silent')), idleMs);
        if (at + chunk.length > (total ?? maxBytes)) throw new Hopeless('the server sent more than it had said');
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
        onProgress?.(at, total);
      }
      await file.truncate(at);
      await file.sync();
    } finally {
      await file.close();
    }
    if (total !== undefined && at !== total) throw new Error(`${at} of ${total} bytes came`);
  } finally {
    clearTimeout(timer);
  }
};

const fetchAll = async (url: string, path: string, options: DownloadOptions): Promise<void> => {
  const { tries = 5, pauseMs = 500, checksum, signal } = options;
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  for (let failed = 0, before = await sizeOf(part); ; ) {
    try {
      await attempt(url, part, options);
      break;
    } catch (thrown) {
      if (thrown instanceof Hopeless || signal?.aborted) throw thrown;
      const now = await sizeOf(part);
      failed = now > before ? 0 : failed + 1;
      before = now;
      if (failed >= tries) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** Math.max(0, failed - 1)));
    }
  }
  if (checksum !== undefined) {
    const found = await digestOf(part, checksum);
    if (found !== checksum.hex) {
      await rm(part, { force: true });
      throw new Hopeless(`its ${checksum.kind} is ${found}, expected ${checksum.hex}; what came was removed`);
    }
  }
  await rename(part, path);
  await rm(`${part}.etag`, { force: true });
};

const already = async (path: string, checksum: Checksum | undefined): Promise<boolean> =>
  (await sizeOf(path)) > 0 && (checksum === undefined || (await digestOf(path, checksum)) === checksum.hex);

/** A file that is there, and has the checksum if one is known, is not fetched again. */
export const download = (url: string, path: string, options: DownloadOptions = {}): TE.TaskEither<DataFault, void> =>
  TE.tryCatch(
    async () => {
      if (await already(path, options.checksum)) return;
      await fetchAll(url, path, options);
    },
    (thrown): DataFault => ({
      tag: 'unreadable',
      file: url,
      reason: `${reasonOf(thrown)}${thrown instanceof Error && thrown.cause ? ` (${reasonOf(thrown.cause)})` : ''}`,
    }),
  );
