import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { showFault } from './fault.ts';
import { type NetworkPlan, parseNetwork } from './plan.ts';
import { generatedWeights } from './testing/generated-weights.ts';
import { writeWeights } from './weights.ts';
import { type ZooLoss, zoo, zooFiles } from './zoo.ts';

const folder = new URL('../../cfg/', import.meta.url);
const losses: readonly ZooLoss[] = ['mse', 'iou', 'giou'];
const layout = (text: string, side?: number): NetworkPlan => {
  const result = parseNetwork(text, side === undefined ? {} : { width: side, height: side });
  if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
  // The classifier's crops are for Darknet; nothing here trains it.
  expect(result.right.notices.filter(({ key }) => key !== 'min_crop' && key !== 'max_crop')).toEqual([]);
  return result.right.value;
};

describe('cfg/', () => {
  it('holds what the zoo builds', () => {
    const cfgs = readdirSync(folder).filter((f) => f.endsWith('.cfg'));
    expect(cfgs.toSorted()).toEqual(Object.keys(zooFiles()).toSorted());
    expect(cfgs.length).toBe(13);
    for (const [name, text] of Object.entries(zooFiles()))
      expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text);
  });
  it.each(Object.entries(zooFiles()))('%s has no fault and no notice', (name, text) => {
    const loss = /-(mse|iou|giou)\.cfg$/.exec(name)?.[1];
    for (const { config } of layout(text).layers) if (config.type === 'yolo') expect(config.iou_loss).toBe(loss);
  });
});

describe('architectures', () => {
  it.each(losses)('YOLOv3 has 107 layers, 65.86 GFLOP at 416, heads where the original has them (%s)', (loss) => {
    const plan = layout(zoo.yolov3({ loss }), 416);
    expect(plan.layers.length).toBe(107);
    expect(plan.heads).toEqual([82, 94, 106]);
    expect((plan.flops / 1e9).toFixed(2)).toBe('65.86');
    expect(plan.layers[98]?.sources).toEqual([97, 36]);
  });
  it('YOLOv3 for VOC has 75 filters before each head', () => {
    const plan = layout(zoo.yolov3Voc({ loss: 'giou' }));
    expect(plan.heads.map((i) => plan.layers[i]?.output)).toEqual(
      [13, 26, 52].map((side) => ({ h: side, w: side, c: 75 })),
    );
  });
  it('YOLOv3-SPP has 114 layers', () => {
    const plan = layout(zoo.yolov3Spp({ loss: 'giou' }));
    expect([plan.layers.length, plan.heads]).toEqual([114, [89, 101, 113]]);
    expect(plan.layers[83]).toMatchObject({ sources: [82, 80, 78, 77], output: { c: 2048 } });
    expect(plan.layers[86]?.config).toMatchObject({ filters: 512 });
  });
  it('Darknet-53 has 78 layers; its first 75 are those of YOLOv3', () => {
    const classifier = layout(zoo.darknet53());
    expect([classifier.layers.length, classifier.layers[77]?.output]).toEqual([78, { h: 1, w: 1, c: 1000 }]);
    const { layers } = layout(zoo.yolov3({ loss: 'mse' }));
    const parameters = (plan: readonly { parameters: number }[]) => plan.slice(0, 75).map((l) => l.parameters);
    expect(parameters(classifier.layers)).toEqual(parameters(layers));
  });
  it('YOLOv3-tiny has 5.56 GFLOP at 416, and weights by the recipe of the goldens have the digest recorded there', () => {
    const plan = layout(zoo.yolov3Tiny({ loss: 'iou' }));
    expect([plan.layers.length, plan.heads, (plan.flops / 1e9).toFixed(2)]).toEqual([24, [16, 23], '5.56']);
    const bytes = writeWeights(generatedWeights(plan, 20240, -2.5), plan);
    const digest = E.isRight(bytes) && createHash('md5').update(bytes.right).digest('hex');
    expect(digest).toBe('d59f8e4181bbd658edd3234f8cd23f1b');
  });
});

describe('shapes', () => {
  it.each(losses)('is small, with heads at strides 16 and 8 (%s)', (loss) => {
    const plan = layout(zoo.shapes({ loss }));
    expect(plan.heads.map((i) => plan.layers[i]?.output)).toEqual([8, 16].map((side) => ({ h: side, w: side, c: 27 })));
    expect((plan.flops / 1e6).toFixed(1)).toBe('80.4');
    expect(Math.round(plan.parameters / 1000)).toBe(169);
  });
  it('takes other sizes, classes and keys', () => {
    const plan = layout(zoo.shapes({ loss: 'giou', size: 96, classes: 7, net: { batch: 8, clip: 1 } }));
    expect(plan.net).toMatchObject({ width: 96, batch: 8, clip: 1 });
    expect(plan.layers[plan.heads[0]]?.output).toEqual({ h: 6, w: 6, c: 36 });
    expect(() => zoo.shapes({ loss: 'giou', size: 100 })).toThrow('multiple of 16');
  });
});
