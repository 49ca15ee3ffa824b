/** Who gets in, how far, and what of a run can do anything. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, it } from 'vitest';
import { startBoard } from './board.ts';
import { guard, sameToken } from './http/guard.ts';
import { writeReport } from './report/report.ts';
import { type TestBoard, tempFolder, testBoard } from './testing/board.ts';
import { makeRun } from './testing/run-folder.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const opened = async (...options: Parameters<typeof testBoard>): Promise<TestBoard> => {
  const board = await testBoard(...options);
  closing.push(board.close);
  return board;
};

const token = 'a-token-that-is-long';

/** Without what `fetch` would put right: paths and headers as they stand. */
const raw = (board: TestBoard, path: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: board.port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });

describe('who may listen', () => {
  it('loopback unless told, and nothing else without a token', async () => {
    const board = await opened();
    expect(board.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    for (const host of ['0.0.0.0', '::', '192.168.0.7', 'example.org']) {
      const started = await startBoard({ host, port: 0, file: join(await tempFolder(), 'b.db') })();
      expect(E.isLeft(started) && started.left).toMatchObject({ action: expect.stringContaining('--token') });
    }
    const short = await startBoard({ host: '0.0.0.0', token: 'short', port: 0 })();
    expect(E.isLeft(short) && short.left.what).toBe('the token has 5 characters');
  });
});

describe('the token', () => {
  it('is asked for everywhere but at the door', async () => {
    const board = await opened({ token });
    for (const path of [
      '/api/board/runs',
      '/api/2.0/mlflow/experiments/list',
      '/board.js',
      '/api/board/events',
      '/nothing',
    ]) {
      const { status, body, headers } = await board.call('GET', path);
      expect([path, status, body.error_code]).toEqual([path, 401, 'UNAUTHENTICATED']);
      expect(headers.get('www-authenticate')).toBe('Bearer');
    }
    expect((await board.call('GET', '/')).headers.get('location')).toBe('/login');
    expect((await board.call('GET', '/login')).status).toBe(200);
    const wrong = { authorization: 'Bearer a-token-that-is-lonG' };
    expect((await board.call('GET', '/api/board/runs', undefined, wrong)).status).toBe(401);
    const ways = [`Bearer ${token}`, `Basic ${Buffer.from(`me:${token}`).toString('base64')}`];
    for (const authorization of ways) {
      expect((await board.call('GET', '/api/board/runs', undefined, { authorization })).status).toBe(200);
    }
  });

  it('becomes a cookie that no script and no other site can use', async () => {
    const board = await opened({ token });
    const login = (given: string) =>
      fetch(`${board.url}/login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ token: given }) });
    expect((await login('wrong')).status).toBe(401);
    const cookie = (await login(token)).headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\//);
    const given = { cookie: cookie.split(';')[0] };
    expect((await board.call('GET', '/api/board/runs', undefined, given)).status).toBe(200);
    expect((await board.call('GET', '/', undefined, given)).body).toContain('<title>gdarknet board</title>');
    expect((await board.call('GET', '/api/board/runs', undefined, { cookie: 'gdarknet_board=%zz' })).status).toBe(401);
  });

  it('is compared by digests of one length, so that time tells nothing', () => {
    expect(sameToken(token, token)).toBe(true);
    for (const other of ['', 'a', `${token}x`, token.slice(1), 'é'.repeat(1000)])
      expect(sameToken(other, token)).toBe(false);
  });
});

describe('other web pages', () => {
  it('may neither read nor write, nor borrow a name', async () => {
    const board = await opened();
    const { port } = board;
    expect(await raw(board, '/api/board/runs', { host: `evil.example:${port}` })).toBe(403);
    expect(await raw(board, '/api/board/runs', { origin: 'http://evil.example' })).toBe(403);
    expect(await raw(board, '/api/board/runs', { origin: 'null' })).toBe(403);
    expect(await raw(board, '/api/board/runs', { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await raw(board, '/api/board/runs', { host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(
      200,
    );
    const { headers } = await board.call('GET', '/');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe/);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect((await board.call('OPTIONS', '/api/board/runs')).status).toBe(405);
  });
});

describe('paths', () => {
  it('never lead out of a run’s folder', async () => {
    const base = await tempFolder();
    const dir = join(base, 'backup');
    const folder = makeRun(join(dir, 'run'), 2);
    writeFileSync(join(base, 'secret.txt'), 'secret');
    symlinkSync(join(base, 'secret.txt'), join(folder, 'link.txt'));
    symlinkSync(base, join(folder, 'up'));
    writeFileSync(join(folder, 'page.html'), '<script>alert(1)</script>');
    writeFileSync(
      join(folder, 'picture.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    );
    const board = await opened({ dir });
    const { id } = (await board.call('GET', '/api/board/runs')).body.runs[0];
    const at = `/api/board/runs/${id}/file/`;
    expect(await raw(board, `${at}run.json`)).toBe(200);
    const escapes = [
      '../../secret.txt',
      '..%2f..%2fsecret.txt',
      '%2e%2e/%2e%2e/secret.txt',
      '....//secret.txt',
      'link.txt',
      'up/secret.txt',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'a/../../secret.txt',
      '..\\..\\secret.txt',
      'run.json%00.txt',
    ];
    for (const path of escapes) expect([path, await raw(board, at + path)]).not.toEqual([path, 200]);
    for (const path of escapes) {
      expect(await raw(board, `/get-artifact?run_id=${id}&path=${encodeURIComponent(path)}`)).not.toBe(200);
      expect(await raw(board, `/api/2.0/mlflow-artifacts/artifacts/1/${id}/artifacts/${path}`)).not.toBe(200);
    }
    // Whatever a file holds, it is saved, not run.
    for (const name of ['page.html', 'picture.svg']) {
      const { status, headers } = await board.call('GET', at + name);
      expect([name, status, headers.get('content-security-policy')]).toEqual([
        name,
        200,
        "default-src 'none'; sandbox",
      ]);
      expect(headers.get('content-disposition')).toMatch(/^attachment/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    // Nothing is written into a folder that a trainer owns.
    const put = await board.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/1/${id}/artifacts/run.json`, 'x');
    expect(put.status).toBe(200);
    expect(readFileSync(join(folder, 'run.json'), 'utf8')).toContain('"seed":3');
    expect((await board.call('DELETE', `/api/2.0/mlflow-artifacts/artifacts/1/${id}/artifacts/run.json`)).status).toBe(
      403,
    );
  });

  it('nor out of the artifacts', async () => {
    const board = await opened();
    const { run } = await board.mlflow<{ run: { info: { run_id: string } } }>('POST', 'runs/create', {
      experiment_id: '0',
    });
    const at = `/api/2.0/mlflow-artifacts/artifacts/0/${run.info.run_id}/artifacts`;
    for (const path of ['../../../x', '..%2f..%2f..%2fx', 'a/%2e%2e/%2e%2e/x', 'a%5c..%5cx', 'con%3a']) {
      const status = await new Promise<number>((resolve, reject) => {
        const asked = request(
          { host: '127.0.0.1', port: board.port, path: `${at}/${path}`, method: 'PUT' },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        );
        asked.on('error', reject);
        asked.end('x');
      });
      expect([path, status]).toEqual([path, 400]);
    }
    expect(
      (await board.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${'0'.repeat(32)}/artifacts/x`, 'x')).status,
    ).toBe(404);
  });
});

describe('limits', () => {
  it('a body that is too long is 413, said or not, packed or not', async () => {
    const board = await opened();
    const long = `{"run_id":"${'x'.repeat(5 << 20)}"}`;
    expect((await board.call('POST', '/api/2.0/mlflow/runs/log-batch', long)).status).toBe(413);
    const { gzipSync } = await import('node:zlib');
    const bomb = await fetch(`${board.url}/api/2.0/mlflow/runs/log-batch`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(64 << 20, 32)),
    });
    expect(bomb.status).toBe(413);
    expect((await board.call('GET', '/health')).status).toBe(200);
  });

  it('too many requests are 429, and soon over', () => {
    let now = 0;
    const { check } = guard({ host: '127.0.0.1', rate: 10, burst: 5 }, () => now);
    const ask = (address: string) =>
      check({ headers: { host: 'localhost' }, socket: { remoteAddress: address } } as unknown as Parameters<
        typeof check
      >[0])?.tag;
    expect(Array.from({ length: 7 }, () => ask('a'))).toEqual([
      ...new Array(5).fill(undefined),
      'too-many',
      'too-many',
    ]);
    expect(ask('b')).toBeUndefined();
    now = 500;
    expect(ask('a')).toBeUndefined();
  });

  it('half a request holds up nobody', async () => {
    const board = await opened();
    const half = 'POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"run';
    const order: string[] = [];
    const halves = await Promise.all(
      Array.from(
        { length: 50 },
        () =>
          new Promise<Socket>((sent) => {
            const socket = connect(board.port, '127.0.0.1');
            socket.on('error', () => {});
            socket.on('data', () => order.push('half'));
            socket.on('close', () => order.push('half'));
            socket.write(half, () => sent(socket));
          }),
      ),
    );
    expect((await board.call('GET', '/api/board/runs')).status).toBe(200);
    order.push('whole');
    // All of them still wait, and were neither answered nor cut off to make room.
    expect(order).toEqual(['whole']);
    for (const socket of halves) socket.destroy();
  });
});

describe('what comes from a run', () => {
  it('is text in a report, not markup', async () => {
    const dir = await tempFolder();
    const evil = '</script><script>alert(1)</script><img src=x onerror=alert(1)>';
    const folder = makeRun(join(dir, 'run'), 3, `# ${evil}\n[net]\nbatch=4\n`);
    mkdirSync(join(folder, 'evaluation'));
    writeFileSync(join(folder, 'evaluation', 'a.json'), JSON.stringify({ title: evil, curves: [] }));
    const out = join(dir, 'report.html');
    const made = await writeReport({ runs: [folder], out, title: evil })();
    expect(E.isRight(made)).toBe(true);
    const html = readFileSync(out, 'utf8');
    expect(html).not.toContain('<script>alert');
    expect(html).not.toContain('<img src=x');
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).toMatch(/script-src 'sha256-/);
  });
});
