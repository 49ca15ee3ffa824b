/** `data get` against a server on this machine that cuts every second connection. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';

let server: Server;
let mirror: string;
const root = mkdtempSync(join(tmpdir(), 'get-'));
const weights = Buffer.alloc(200_000, 7);
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    if (!request.url?.startsWith('/2')) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = weights.subarray(from);
    const range = from > 0 && { 'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}` };
    response.writeHead(from > 0 ? 206 : 200, { etag: '"w"', 'content-length': rest.length, ...range });
    if (requests % 2 === 0) response.end(rest);
    else response.write(rest.subarray(0, 60_000), () => setTimeout(() => response.destroy(), 20));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it('fetches weights into the places of the original, and not twice', async () => {
  const argv = ['data', 'get', 'weights', '--only', 'coco-giou-12', '--out', root, '--mirror', mirror];
  const path = join(root, 'backup/coco-giou-12/yolov3_final.weights');
  const { status, stdout, stderr } = await gdarknet(argv);
  expect([status, stdout.trim(), stderr]).toEqual([0, path, expect.stringContaining('/2PWP8Cz')]);
  expect(readFileSync(path)).toEqual(weights);
  const before = requests;
  expect((await gdarknet(argv)).status).toBe(0);
  expect(requests).toBe(before);
});

it('says what is not there, and what it would fetch', async () => {
  const gone = await gdarknet(['data', 'get', 'voc', '--out', join(root, 'voc'), '--mirror', mirror]);
  expect([gone.status, gone.stderr]).toEqual([1, expect.stringContaining('answered 404')]);
  expect(existsSync(join(root, 'voc/VOCtrainval_11-May-2012.tar'))).toBe(false);
  const list = await gdarknet(['data', 'get', 'coco2017', '--list']);
  expect(list.stdout).toMatch(/images\.cocodataset\.org\/zips\/val2017\.zip -> val2017\.zip/);
  const none = await gdarknet(['data', 'get', 'kitti']);
  expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('give one of voc, coco2014')]);
});

it('builds the lists of COCO 2014 from their parts', async () => {
  // Files that are there already are not asked for: only what is left to do is done.
  const { finishSource } = await import('@gdarknet/data');
  mkdirSync(join(root, 'coco'));
  writeFileSync(join(root, 'coco/5k.part'), '/images/val2014/a.jpg\n');
  writeFileSync(join(root, 'coco/trainvalno5k.part'), '/images/train2014/b.jpg\n');
  expect((await finishSource.coco2014(join(root, 'coco'))())._tag).toBe('Right');
  expect(readFileSync(join(root, 'coco/coco_val_5k.txt'), 'utf8')).toBe(`${join(root, 'coco/images/val2014/a.jpg')}\n`);
});
