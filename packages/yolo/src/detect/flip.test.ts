import { describe, expect, it } from 'vitest';
import { decodeYolo, type YoloOutput } from './decode.ts';
import { averageFlipped, averageOutputs, mirrored } from './flip.ts';

const head = { classes: 2, mask: [0, 1], anchors: [10, 12, 20, 30], representation: 'exp', scale_x_y: 1.1 } as const;
const [h, w] = [3, 4];

const output = (seed: number): YoloOutput => ({
  head,
  h,
  w,
  activated: true,
  values: Float32Array.from({ length: h * w * 14 }, (_, i) => 0.5 + 0.4 * Math.sin(seed + i * 1.7)),
});

const decode = (one: YoloOutput) => decodeYolo([one], { netWidth: 40, netHeight: 30, threshold: 0 });

/** Boxes and scores as rows, in any order. */
const rows = (one: YoloOutput, flip: boolean): readonly (readonly number[])[] => {
  const { boxes, probabilities } = decode(one);
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const [x, y, bw, bh] = boxes.subarray(4 * i, 4 * i + 4);
    return [flip ? 1 - x : x, y, bw, bh, ...probabilities.subarray(2 * i, 2 * i + 2)].map((v) => Number(v.toFixed(5)));
  }).sort((a, b) => a.join().localeCompare(b.join()));
};

describe('averages of outputs', () => {
  it('mirror pictures', () => {
    expect([...mirrored(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2, 2)]).toEqual([3, 4, 1, 2, 7, 8, 5, 6]);
    const x = output(1).values;
    expect(mirrored(mirrored(x, w, 14), w, 14)).toEqual(x);
  });

  it('a mirror image that says nothing but the mirrored changes nothing', () => {
    const one = output(3);
    const values = mirrored(one.values, w, 14);
    for (let i = 0; i < values.length; i += 7) values[i] = 1 - values[i];
    const mirror = { ...one, values };
    expect(rows(mirror, true)).toEqual(rows(one, false));
    const [mean] = averageFlipped([one], [mirror]);
    expect(rows(mean, false)).toEqual(rows(one, false));
  });

  it('of several frames', () => {
    const mean = averageOutputs([output(1), output(2), output(3)]);
    expect(mean.values[5]).toBeCloseTo([1, 2, 3].reduce((sum, s) => sum + output(s).values[5], 0) / 3, 6);
  });
});
