/** Every command of docs/original.md, as it stands there, in a folder laid out as the original's. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zoo } from '@gdarknet/yolo';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdarknet } from '../testing/cli.ts';

const table = readFileSync(new URL('../../docs/original.md', import.meta.url), 'utf8');

/** The words of the right column, in order. */
const rows = table.split('\n').flatMap((line) => {
  const [, original, command] = /^[|] (.*?) +[|] `gdarknet ([^`]+)` *[|]$/.exec(line) ?? [];
  return command === undefined ? [] : [{ original, words: command.split(' ') }];
});

let root = '';
const at = (...parts: string[]): string => join(root, ...parts);
const done = async (words: readonly string[]): Promise<void> => {
  const { status, stdout, stderr } = await gdarknet(words, { cwd: root });
  expect(status, `gdarknet ${words.join(' ')}\n${stderr}${stdout}`).toBe(0);
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'gdarknet-original-'));
  await done(['shapes', 'made', '--train', '6', '--valid', '4', '--size', '32']);
  await done(['convert', 'darknet', 'made/shapes.data', '--to', 'voc', '--out', 'datasets/voc/VOCdevkit/VOC2007']);
  await done(['convert', 'darknet', 'made/shapes.data', '--to', 'coco', '--out', 'datasets/coco']);
  for (const folder of ['cfg', 'data', 'pictures']) mkdirSync(at(folder));
  const annotations = at('datasets/coco/annotations');
  copyFileSync(join(annotations, 'instances_valid.json'), join(annotations, 'instances_minival2014.json'));
  const net = {
    batch: 2,
    subdivisions: 1,
    learning_rate: 0.001,
    burn_in: 5,
    max_batches: 12,
    steps: '300,350',
    scales: '.1,.1',
  };
  writeFileSync(at('cfg/yolov3-voc.cfg'), zoo.shapes({ loss: 'giou', size: 32, net }));
  copyFileSync(at('made/shapes.names'), at('data/voc.names'));
  const lists = `classes=4\ntrain=made/train.txt\nvalid=made/valid.txt\nnames=data/voc.names\nbackup=backup\nprefix=run\n`;
  writeFileSync(at('cfg/voc.data'), lists);
  writeFileSync(at('cfg/coco.data'), `${lists}eval=coco\n`);
  const picture = at('made/images/valid', readdirSync(at('made/images/valid'))[0]);
  copyFileSync(picture, at('dog.jpg'));
  copyFileSync(picture, at('pictures/one.png'));
  await done(['train', 'cfg/voc.data', 'cfg/yolov3-voc.cfg', '--prefix', 'start', '--max-batches', '2']);
  copyFileSync(at('backup/start/yolov3-voc_final.weights'), at('yolov3-voc.weights'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the original's commands", () => {
  it('are all there', () => expect(rows.length).toBeGreaterThan(30));

  for (const { original, words } of rows) it(`${original}: gdarknet ${words.join(' ')}`, () => done(words));
});
