import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as E from 'fp-ts/lib/Either.js';
import { c as createTar } from 'tar';
import { afterEach, describe, expect, it } from 'vitest';
import { showFault } from '../fault.ts';
import { download } from './download.ts';
import { unpack, unpackOnce } from './unpack.ts';

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const sha256 = { kind: 'sha256', hex: createHash('sha256').update(content).digest('hex') } as const;
const patient = { pauseMs: 1, tries: 3 };
/** For a server that falls silent; a busy machine may take it for one that does. */
const quick = { ...patient, idleMs: 300 };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that behaves as told; `asked` has the range of every request. */
const serve = async (
  behave: (request: IncomingMessage, response: ServerResponse, turn: number, part: string) => void,
) => {
  const path = join(mkdtempSync(join(tmpdir(), 'fetch-')), 'file.bin');
  const asked: (string | undefined)[] = [];
  const own = createServer((request, response) => {
    asked.push(request.headers.range);
    behave(request, response, asked.length, `${path}.part`);
  });
  server = own;
  await new Promise<void>((done) => own.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(own.address() as AddressInfo).port}/file.bin`, path, asked };
};

const partOf = (request: IncomingMessage): number => Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);

/** When the file holds so many bytes: what a client has not read yet is lost where a connection is cut. */
const holds = async (file: string, bytes: number): Promise<void> => {
  while (!existsSync(file) || statSync(file).size < bytes) await new Promise((done) => setTimeout(done, 2));
};

/** What is asked for, as it should be; of `cut.bytes` of it, the connection is cut when `cut.part` has them. */
const send = (request: IncomingMessage, response: ServerResponse, cut?: { bytes: number; part: string }): void => {
  const from = partOf(request);
  const rest = content.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    etag: '"v1"',
    'content-length': rest.length,
    ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  if (cut === undefined || cut.bytes >= rest.length) response.end(rest);
  else {
    response.write(rest.subarray(0, cut.bytes));
    void holds(cut.part, from + cut.bytes).then(() => response.destroy());
  }
};

const told = (result: E.Either<Parameters<typeof showFault>[0], void>): string =>
  E.isLeft(result) ? showFault(result.left) : '';

describe('download', () => {
  it('goes on where the connection was cut, as often as it takes', async () => {
    const { url, path, asked } = await serve((q, r, turn, part) =>
      send(q, r, turn < 6 ? { bytes: 50_000, part } : undefined),
    );
    expect(await download(url, path, { ...patient, checksum: sha256 })()).toEqual(E.right(undefined));
    expect(readFileSync(path)).toEqual(content);
    expect(asked.slice(0, 3)).toEqual([undefined, 'bytes=50000-', 'bytes=100000-']);
    expect(readdirSync(join(path, '..'))).toEqual(['file.bin']);
    // It is there now, and not fetched again.
    await download(url, path, { ...patient, checksum: sha256 })();
    expect(asked).toHaveLength(6);
  });

  it('starts anew when the file has changed, or the server knows no ranges', async () => {
    const { url, path, asked } = await serve((_, response) => response.end(content));
    writeFileSync(`${path}.part`, 'an older beginning');
    writeFileSync(`${path}.part.etag`, '"v0"');
    expect(await download(url, path, patient)()).toEqual(E.right(undefined));
    expect(asked).toEqual(['bytes=18-']);
    expect(readFileSync(path)).toEqual(content);
  });

  it('gives up on a server that never sends more, and keeps what came', async () => {
    const { url, path } = await serve((q, r, _, part) => send(q, r, { bytes: partOf(q) === 0 ? 70_000 : 0, part }));
    expect(told(await download(url, path, patient)())).toContain(`${url}: cannot be read`);
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(`${path}.part`)).toEqual(content.subarray(0, 70_000));
  });

  it.each([
    ['claims more than it sends', (r: ServerResponse) => r.writeHead(200, { 'content-length': 400_000 })],
    ['sends another part', (r: ServerResponse) => r.writeHead(206, { 'content-range': 'bytes 7-9/10' })],
    ['falls silent', undefined],
    ['is not there', (r: ServerResponse) => r.writeHead(404)],
    ['breaks', (r: ServerResponse) => r.writeHead(503)],
  ])('leaves nothing in place when the server %s', async (_, head) => {
    const { url, path } = await serve((_, response) => {
      if (head === undefined) return;
      head(response).write(content.subarray(0, 1000), () => setTimeout(() => response.destroy(), 10));
    });
    expect(told(await download(url, path, quick)())).toContain('cannot be read');
    expect(existsSync(path)).toBe(false);
  });

  it('refuses what has another checksum, or is larger than allowed', async () => {
    const { url, path } = await serve((q, r) => send(q, r));
    const wrong = { kind: 'md5', hex: '0'.repeat(32) } as const;
    expect(told(await download(url, path, { ...patient, checksum: wrong })())).toContain('its md5 is');
    expect(readdirSync(join(path, '..')).filter((name) => !name.endsWith('.etag'))).toEqual([]);
    expect(told(await download(url, path, { ...patient, maxBytes: 1000 })())).toContain('300000 bytes, more than 1000');
  });
});

/** A stored zip of one entry, by hand. `claimed` is the size that its headers tell. */
const zipOf = (name: string, data: Buffer, claimed = data.length): Buffer => {
  const file = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(claimed, 14);
  common.writeUInt32LE(claimed, 18);
  common.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, file, data]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, Buffer.alloc(14), file]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
};

describe('unpack', () => {
  const place = () => mkdtempSync(join(tmpdir(), 'unpack-'));

  it('writes the files of a zip and of a tar', async () => {
    const root = place();
    writeFileSync(join(root, 'a.zip'), zipOf('deep/a.txt', Buffer.from('hello')));
    expect(await unpack(join(root, 'a.zip'), join(root, 'zip'))()).toEqual(E.right(undefined));
    expect(readFileSync(join(root, 'zip/deep/a.txt'), 'utf8')).toBe('hello');
    await createTar({ file: join(root, 'a.tgz'), gzip: true, cwd: join(root, 'zip') }, ['deep']);
    expect(await unpack(join(root, 'a.tgz'), join(root, 'tar'))()).toEqual(E.right(undefined));
    expect(readFileSync(join(root, 'tar/deep/a.txt'), 'utf8')).toBe('hello');
  });

  it('once, until the archive changes or the note is gone', async () => {
    const root = place();
    const archive = join(root, 'a.zip');
    const [out, note] = [join(root, 'out/a.txt'), `${archive}.unpacked`];
    const once = unpackOnce(archive, join(root, 'out'));
    expect(E.isLeft(await once())).toBe(true);
    expect(existsSync(note)).toBe(false);
    writeFileSync(archive, zipOf('a.txt', Buffer.from('one')));
    expect(await once()).toEqual(E.right('unpacked'));
    writeFileSync(out, 'mine');
    expect(await once()).toEqual(E.right('was there'));
    expect(readFileSync(out, 'utf8')).toBe('mine');
    rmSync(note);
    expect(await once()).toEqual(E.right('unpacked'));
    writeFileSync(archive, zipOf('a.txt', Buffer.from('two')));
    utimesSync(archive, new Date(), new Date(Date.now() + 5000));
    expect(await once()).toEqual(E.right('unpacked'));
    expect(readFileSync(out, 'utf8')).toBe('two');
  });

  it.each(['../out.txt', '/tmp/out.txt', 'a/../../out.txt'])('refuses the entry %s', async (name) => {
    const root = place();
    mkdirSync(join(root, 'in'));
    writeFileSync(join(root, 'a.zip'), zipOf(name, Buffer.from('x')));
    expect(E.isLeft(await unpack(join(root, 'a.zip'), join(root, 'in'))())).toBe(true);
    expect(readdirSync(root).sort()).toEqual(['a.zip', 'in']);
  });

  it('refuses links, bombs, crowds and what is no archive', async () => {
    const root = place();
    symlinkSync('/etc', join(root, 'link'));
    await createTar({ file: join(root, 'link.tar'), cwd: root }, ['link']);
    expect(told(await unpack(join(root, 'link.tar'), join(root, 'o'))())).toContain('is a SymbolicLink');
    writeFileSync(join(root, 'big'), Buffer.alloc(100_000));
    await createTar({ file: join(root, 'big.tgz'), gzip: true, cwd: root }, ['big']);
    expect(told(await unpack(join(root, 'big.tgz'), join(root, 'o'), { maxBytes: 5000 })())).toContain(
      'more than 5000',
    );
    expect(existsSync(join(root, 'o/big'))).toBe(false);
    expect(told(await unpack(join(root, 'big.tgz'), join(root, 'o'), { maxEntries: 0 })())).toContain(
      'more than 0 files',
    );
    writeFileSync(join(root, 'lie.zip'), zipOf('a', Buffer.from('abc'), 2 ** 31));
    expect(E.isLeft(await unpack(join(root, 'lie.zip'), join(root, 'o'))())).toBe(true);
    for (const name of ['text.zip', 'text.tar']) {
      writeFileSync(join(root, name), 'no archive at all, only text '.repeat(50));
      expect(E.isLeft(await unpack(join(root, name), join(root, 'o'))())).toBe(true);
    }
  });
});
