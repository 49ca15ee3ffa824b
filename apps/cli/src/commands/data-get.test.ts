/** `data get` against a server on this machine that cuts every second connection. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Entries, tarOf, tgzOf, zipOf } from '../testing/archives.ts';
import { gdarknet } from '../testing/cli.ts';

let server: Server;
let mirror: string;
const root = mkdtempSync(join(tmpdir(), 'get-'));
const weights = Buffer.alloc(200_000, 7);
const picture = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#4080c0' } })
  .jpeg()
  .toBuffer();

const vocXml = (name: string, ...objects: readonly (readonly [name: string, difficult: 0 | 1])[]): string =>
  `<annotation><filename>${name}.jpg</filename><size><width>40</width><height>20</height><depth>3</depth></size>${objects
    .map(
      ([object, difficult]) =>
        `<object><name>${object}</name><difficult>${difficult}</difficult><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>15</ymax></bndbox></object>`,
    )
    .join('')}</annotation>`;

/** A year of VOC with one picture for each of its lists. */
const vocYear = (year: string, sets: readonly string[]): Entries =>
  Object.fromEntries(
    sets.flatMap((set) => {
      const [home, name] = [`VOCdevkit/VOC${year}`, `${year}_${set}_1`];
      return [
        [`${home}/ImageSets/Main/${set}.txt`, `${name}\n`],
        [`${home}/Annotations/${name}.xml`, vocXml(name, ['dog', 0], ['person', 1])],
        [`${home}/JPEGImages/${name}.jpg`, picture],
      ];
    }),
  );

const instances = (file: string): string =>
  JSON.stringify({
    images: [{ id: 5, file_name: file, width: 40, height: 20 }],
    categories: [
      { id: 1, name: 'person' },
      { id: 18, name: 'dog' },
    ],
    annotations: [{ id: 1, image_id: 5, category_id: 18, bbox: [10, 5, 20, 10], area: 200, iscrowd: 0 }],
  });

const served: Readonly<Record<string, Buffer>> = {
  '/2PWP8Cz': weights,
  '/media/files/VOCtrainval_11-May-2012.tar': tarOf({
    ...vocYear('2012', ['train', 'val']),
    padding: Buffer.alloc(100_000),
  }),
  '/media/files/VOCtrainval_06-Nov-2007.tar': tarOf(vocYear('2007', ['train', 'val'])),
  '/media/files/VOCtest_06-Nov-2007.tar': tarOf(vocYear('2007', ['test'])),
  '/media/files/train2014.zip': zipOf({ 'train2014/b.jpg': picture }),
  '/media/files/val2014.zip': zipOf({ 'val2014/a.jpg': picture, 'val2014/c.jpg': Buffer.alloc(100_000) }),
  '/media/files/instances_train-val2014.zip': zipOf({ 'annotations/instances_val2014.json': '{}' }),
  '/media/files/coco/labels.tgz': tgzOf({ 'labels/val2014/a.txt': '16 0.5 0.5 0.5 0.5\n' }),
  '/media/files/coco/5k.part': Buffer.from('/images/val2014/a.jpg\n'),
  '/media/files/coco/trainvalno5k.part': Buffer.from('/images/train2014/b.jpg\n'),
  '/zips/train2017.zip': zipOf({ 'train2017/t.jpg': picture }),
  '/zips/val2017.zip': zipOf({ 'val2017/v.jpg': picture }),
  '/annotations/annotations_trainval2017.zip': zipOf({
    'annotations/instances_train2017.json': instances('t.jpg'),
    'annotations/instances_val2017.json': instances('v.jpg'),
  }),
};
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    const content = served[request.url ?? ''];
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = content.subarray(from);
    const range = from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from > 0 ? 206 : 200, { etag: '"w"', 'content-length': rest.length, ...range });
    if (requests % 2 === 0 || rest.length < 60_000) response.end(rest);
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
  const gone = await gdarknet(['data', 'get', 'openimages', '--out', join(root, 'openimages'), '--mirror', mirror]);
  expect([gone.status, gone.stderr]).toEqual([1, expect.stringContaining('answered 404')]);
  expect(existsSync(join(root, 'openimages/class-descriptions-boxable.csv'))).toBe(false);
  const list = await gdarknet(['data', 'get', 'coco2017', '--list']);
  expect(list.stdout).toMatch(/images\.cocodataset\.org\/zips\/val2017\.zip -> val2017\.zip/);
  const none = await gdarknet(['data', 'get', 'kitti']);
  expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('give one of voc, coco2014')]);
});

const get = (name: string, ...rest: readonly string[]) =>
  gdarknet(['data', 'get', name, '--out', join(root, name), '--mirror', mirror, ...rest]);
const linesOf = (...path: readonly string[]): readonly string[] =>
  readFileSync(join(root, ...path), 'utf8')
    .trim()
    .split('\n');

it('refuses an archive that is not the one whose checksum is known, unless told to take it', async () => {
  const { status, stderr } = await get('voc');
  expect([status, stderr]).toEqual([1, expect.stringContaining('its md5 is')]);
  expect(existsSync(join(root, 'voc/VOCdevkit'))).toBe(false);
});

it('VOC: unpacks three archives, and leaves the lists and labels of voc_label.py', async () => {
  const { status, stdout, stderr } = await get('voc', '--unchecked');
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  expect(stdout.trim().split('\n')).toEqual([join(root, 'voc/train.txt'), join(root, 'voc/2007_test.txt')]);
  const home = (year: string, name: string): string => join(root, `voc/VOCdevkit/VOC${year}/JPEGImages/${name}.jpg`);
  expect(linesOf('voc/train.txt')).toEqual(
    ['2012_train', '2012_val', '2007_train', '2007_val'].map((set) => home(set.slice(0, 4), `${set}_1`)),
  );
  expect(linesOf('voc/2007_test.txt')).toEqual([home('2007', '2007_test_1')]);
  expect(linesOf('voc/voc.names')).toHaveLength(20);
  // Columns 11 to 30 and rows 6 to 15 of 40 x 20, counted from 1, both ends included; the difficult person is left out.
  expect(linesOf('voc/VOCdevkit/VOC2012/labels/2012_val_1.txt').map((line) => line.split(' ').map(Number))).toEqual([
    [11, 0.5, 0.5, 0.5, 0.5],
  ]);
  expect(readFileSync(home('2007', '2007_test_1'))).toEqual(picture);
  writeFileSync(
    join(root, 'voc/voc.data'),
    `classes=20\ntrain=${join(root, 'voc/train.txt')}\nvalid=${join(root, 'voc/2007_test.txt')}\nnames=${join(root, 'voc/voc.names')}\n`,
  );
  const before = requests;
  const again = await get('voc', '--unchecked');
  expect([again.status, requests]).toEqual([0, before]);
  expect(again.stderr.match(/unpacked already/g)).toHaveLength(3);
  const stats = await gdarknet(['data', 'stats', join(root, 'voc/voc.data'), '--json']);
  expect(JSON.parse(stats.stdout)).toMatchObject({ train: { images: 4, boxes: 4 }, valid: { images: 1, boxes: 1 } });
});

it('COCO 2014: pictures, labels and the lists of parts with the folder in front', async () => {
  const { status, stderr } = await get('coco2014');
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  expect(linesOf('coco2014/trainvalno5k.txt')).toEqual([join(root, 'coco2014/images/train2014/b.jpg')]);
  expect(linesOf('coco2014/coco_val_5k.txt')).toEqual([join(root, 'coco2014/images/val2014/a.jpg')]);
  expect(readFileSync(join(root, 'coco2014/images/val2014/a.jpg'))).toEqual(picture);
  expect(linesOf('coco2014/labels/val2014/a.txt')).toEqual(['16 0.5 0.5 0.5 0.5']);
});

it('COCO 2017: labels and lists from the annotations', async () => {
  const { status, stdout } = await get('coco2017', '--unchecked');
  expect(status).toBe(0);
  expect(stdout.trim().split('\n')).toEqual([join(root, 'coco2017/train2017.txt'), join(root, 'coco2017/val2017.txt')]);
  expect(linesOf('coco2017/val2017.txt')).toEqual([join(root, 'coco2017/images/val2017/v.jpg')]);
  expect(linesOf('coco2017/labels/val2017/v.txt').map((line) => line.split(' ').map(Number))).toEqual([
    [1, 0.5, 0.5, 0.5, 0.5],
  ]);
  expect(linesOf('coco2017/coco.names')).toEqual(['person', 'dog']);
});
