import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenPath, readF32, readJson, shared } from '../../../../test/shared.ts';
import { allocateCandidates } from './candidates.ts';
import { decodeYolo, type YoloHead, type YoloOutput } from './decode.ts';
import { correctLetterbox, letterboxSize } from './letterbox.ts';

const head: YoloHead = { classes: 2, mask: [1, 0], anchors: [10, 20, 30, 40], representation: 'exp', scale_x_y: 1 };
const net = { netWidth: 100, netHeight: 50, threshold: 0.25 };
/** 1 row, 2 columns, 2 anchors. */
const output = (slots: readonly (readonly number[])[], over: Partial<YoloHead> = {}): YoloOutput => ({
  head: { ...head, ...over },
  h: 1,
  w: 2,
  values: Float32Array.from(slots.flat()),
  activated: true,
});
const nothing = [0, 0, 0, 0, 0, 0, 0];
const close = (values: ArrayLike<number>, expected: readonly number[]) => {
  expect(values.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(values[i]).toBeCloseTo(e, 6);
  });
};

describe('decoding', () => {
  it('places boxes by cell, row and anchor, in order of emission', () => {
    const found = decodeYolo(
      [output([nothing, [0.5, 0.25, 0, Math.log(2), 0.5, 1, 0.25], [0.75, 0.5, 1, 0, 0.75, 0, 0.5], nothing])],
      net,
    );
    expect([found.count, found.classes]).toEqual([2, 2]);
    close(found.boxes, [0.25, 0.25, 0.1, 0.8, 0.875, 0.5, (Math.E * 30) / 100, 0.8]);
    close(found.objectness, [0.5, 0.75]);
    close(found.probabilities, [0.5, 0, 0, 0.375]);
  });
  it('keeps only what is strictly above the threshold', () => {
    const slot = (object: number, c: number) => [0.5, 0.5, 0, 0, object, c, 0];
    const found = decodeYolo([output([slot(0.25, 1), slot(0.5, 0.5), slot(1, 0.25), slot(1, 0.5)])], net);
    close(found.objectness, [0.5, 1, 1]);
    close(found.probabilities, [0, 0, 0, 0, 0.5, 0]);
  });
  it('takes sides of lin as they are above 0, else their exponential, and leaves the output alone', () => {
    const one = output([[0, 0, 0.5, -1, 1, 0, 0], [0, 0, 0, 2, 1, 0, 0], nothing, nothing], { representation: 'lin' });
    const before = one.values.slice();
    const { boxes } = decodeYolo([one], net);
    close([boxes[2], boxes[3], boxes[6], boxes[7]], [0.15, (Math.exp(-1) * 40) / 50, 0.1, 0.8]);
    expect(one.values).toEqual(before);
  });
  it('stretches centres by scale_x_y, unless told to do as the original', () => {
    const one = output([nothing, nothing, [1, 0, 0, 0, 1, 0, 0], nothing], { scale_x_y: 1.2 });
    close(decodeYolo([one], net).boxes.subarray(0, 2), [2.1 / 2, -0.1]);
    close(decodeYolo([one], { ...net, ignoreScale: true }).boxes.subarray(0, 2), [1, 0]);
  });
  it('joins heads in their order and refuses heads that do not go together', () => {
    const one = output([[0, 0, 0, 0, 0.5, 0, 0], nothing, nothing, nothing]);
    const two = output([[0, 0, 0, 0, 1, 0, 0], nothing, nothing, nothing]);
    close(decodeYolo([one, two], net).objectness, [0.5, 1]);
    expect(() => decodeYolo([one, { ...two, head: { ...head, classes: 3 } }], net)).toThrow('number of classes');
    expect(() => decodeYolo([{ ...one, w: 3 }], net)).toThrow('28 values for 1 x 3 cells');
    expect(decodeYolo([], net).count).toBe(0);
  });
  it.skipIf(!shared)('of raw outputs equals that of outputs which the original activated', () => {
    const folder = (file: string) => goldenPath('yolo_layer', 'A_iou_exp', file);
    const { w, h, classes, mask, anchors, net_w, net_h } = readJson<{
      w: number; h: number; classes: number; mask: number[]; anchors: number[]; net_w: number; net_h: number;
    }>(folder('case.json')); // biome-ignore format: a table
    const channels = mask.length * (5 + classes);
    const toNhwc = (nchw: Float32Array) =>
      Float32Array.from(
        { length: h * w * channels },
        (_, i) => nchw[(i % channels) * h * w + Math.floor(i / channels)],
      );
    const decode = (file: string, activated: boolean) =>
      decodeYolo(
        [
          {
            head: { classes, mask, anchors, representation: 'exp', scale_x_y: 1 },
            h,
            w,
            values: toNhwc(readF32(folder(file))),
            activated,
          },
        ],
        {
          netWidth: net_w,
          netHeight: net_h,
          threshold: 0.3,
        },
      );
    const raw = decode('input.bin', false);
    expect(raw.count).toBeGreaterThan(100);
    expect(raw).toEqual(decode('activated.bin', true));
  });
});

describe('letterbox', () => {
  const size = fc.integer({ min: 1, max: 5000 });
  it('inverse undoes the way into the network, in relative units and pixels', () => {
    const box = { imageWidth: 768, imageHeight: 576, netWidth: 320, netHeight: 320 };
    expect(letterboxSize(box)).toEqual([320, 240]);
    const candidates = allocateCandidates(1, 1);
    candidates.boxes.set([0.5, 0.5, 0.5, 0.375]);
    close(correctLetterbox(candidates, { ...box, units: 'relative' }).boxes, [0.5, 0.5, 0.5, 0.5]);
    close(correctLetterbox(candidates, { ...box, units: 'pixels' }).boxes, [384, 288, 384, 288]);
  });
  it('fills one side of the network and stays inside the other', () => {
    fc.assert(
      fc.property(size, size, fc.constantFrom(56, 320, 608), (imageWidth, imageHeight, net) => {
        const [w, h] = letterboxSize({ imageWidth, imageHeight, netWidth: net, netHeight: net });
        expect(Math.max(w, h)).toBe(net);
        expect(Math.min(w, h)).toBe(
          Math.floor((Math.min(imageWidth, imageHeight) * net) / Math.max(imageWidth, imageHeight)),
        );
      }),
    );
  });
});
