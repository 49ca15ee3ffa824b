import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, shared, sharedPath } from '../../../../test/shared.ts';
import { showFault, showNotice } from './fault.ts';
import { type NetworkPlan, parseNetwork } from './plan.ts';
import { generatedWeights } from './testing/generated-weights.ts';
import { cutWeights, type NetworkWeights, type ReadWeightsOptions, readWeights, writeWeights } from './weights.ts';
import { kernelShape } from './weights-layout.ts';
import { toChannelsFirst, toChannelsLast } from './weights-order.ts';

const layout = (text: string): NetworkPlan => {
  const result = parseNetwork(text, { file: 'a.cfg' });
  if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
  return result.right.value;
};
const read = (bytes: Uint8Array, plan: NetworkPlan, options: ReadWeightsOptions = {}) => {
  const result = readWeights(bytes, plan, { file: 'a.weights', ...options });
  if (E.isLeft(result)) throw new Error(result.left.map(showFault).join('\n'));
  return result.right;
};
const written = (result: E.Either<unknown, Uint8Array>): Uint8Array => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
const faultsOf = (bytes: Uint8Array, plan: NetworkPlan, options: ReadWeightsOptions = {}): readonly string[] => {
  const result = readWeights(bytes, plan, { file: 'a.weights', ...options });
  return E.isLeft(result) ? result.left.map(showFault) : [];
};

const net = '[net]\nwidth=8\nheight=8\nchannels=3\n';
const small = layout(
  `${net}[conv]\nfilters=4\nsize=3\nstride=2\npad=1\nbatch_normalize=1\n[max]\nsize=2\nstride=2\n[conv]\nfilters=2\n[connected]\noutput=3\nbatch_normalize=1\n`,
);
const header = (version: readonly number[], seen: number): Uint8Array => {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  version.forEach((v, i) => {
    view.setInt32(4 * i, v, true);
  });
  view.setInt32(12, seen, true);
  return bytes;
};
/** A file whose floats are 0, 1, 2, ... */
const counting = (floats: number, version = [0, 2, 5], seen = 640, width = 20): Uint8Array => {
  const bytes = new Uint8Array(width + 4 * floats);
  bytes.set(header(version, seen).subarray(0, width));
  new Float32Array(bytes.buffer, width).set(Array.from({ length: floats }, (_, i) => i));
  return bytes;
};

describe('layout', () => {
  it('is biases, batch normalisation, weights; in connected layers the normalisation comes last', () => {
    const { value } = read(counting(small.parameters), small);
    expect(value.header).toEqual({ major: 0, minor: 2, revision: 5, seen: 640 });
    const starts = value.layers.map(
      (layer) => layer && Object.fromEntries(Object.entries(layer).map(([k, v]) => [k, v[0]])),
    );
    expect(starts).toEqual([
      { biases: 0, scales: 4, rollingMean: 8, rollingVariance: 12, weights: 16 },
      undefined,
      { biases: 124, weights: 126 },
      { biases: 134, weights: 137, scales: 161, rollingMean: 164, rollingVariance: 167 },
    ]);
  });
  it('has a counter of 32 bits in old files', () => {
    const bytes = counting(small.parameters, [0, 1, 0], 77, 16);
    const { value } = read(bytes, small);
    expect(value.header.seen).toBe(77);
    expect(written(writeWeights(value, small))).toEqual(bytes);
  });
  it('has a counter beyond 32 bits in new ones, which can be cleared', () => {
    const bytes = counting(small.parameters);
    bytes[16] = 3;
    expect(read(bytes, small).value.header.seen).toBe(3 * 2 ** 32 + 640);
    expect(read(bytes, small, { clear: true }).value.header.seen).toBe(0);
    expect(written(writeWeights(read(bytes, small).value, small))).toEqual(bytes);
  });
  it('is input-major for connected layers under a transposing header', () => {
    const bytes = counting(small.parameters, [1001, 0, 0], 5, 16);
    const { value } = read(bytes, small);
    expect([...value.layers[3]!.weights.subarray(0, 3)]).toEqual([137, 140, 143]);
    expect(written(writeWeights(value, small))).toEqual(bytes);
  });
  it('is transposed for flipped convolutions', () => {
    const plan = layout(`${net}[conv]\nfilters=2\nsize=1\nflipped=1\n`);
    const bytes = counting(plan.parameters);
    const { value } = read(bytes, plan);
    expect([...value.layers[0]!.weights]).toEqual([2, 4, 6, 3, 5, 7]);
    expect(written(writeWeights(value, plan))).toEqual(bytes);
  });
  it('leaves out what dontload, numload and dontloadscales say', () => {
    const conv = 'filters=4\nbatch_normalize=1\n';
    const plan = layout(`${net}[conv]\n${conv}dontload=1\n[conv]\n${conv}numload=2\n[conv]\n${conv}dontloadscales=1\n`);
    const { value, notices } = read(counting(2 * 4 + 2 * 4 + 4 + 16), plan);
    expect(notices).toEqual([]);
    expect(value.layers[0]).toBeUndefined();
    expect(value.layers[1]).toMatchObject({
      biases: { length: 2 },
      rollingVariance: { length: 2 },
      weights: { length: 8 },
    });
    expect(Object.keys(value.layers[2]!)).toEqual(['biases', 'weights']);
  });
  it('leaves out what dontsave says', () => {
    const plan = layout(`${net}[conv]\ndontsave=1\n[conv]\n`);
    const { value } = read(counting(plan.parameters), plan);
    expect(written(writeWeights(value, plan)).length).toBe(20 + 8);
  });
  it('does not depend on where the bytes lie in memory', () => {
    const bytes = counting(small.parameters);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(read(shifted.subarray(1), small).value).toEqual(read(bytes, small).value);
  });
});

describe('length', () => {
  const first = 4 * 4 + 4 * 27;
  it('behind a whole layer is a backbone: taken with a notice', () => {
    const { value, notices } = read(counting(first), small);
    expect(value.layers.map((layer) => layer !== undefined)).toEqual([true, false, false, false]);
    expect(notices.map(showNotice)).toEqual([
      'a.weights: layer 2 [convolutional]: the file ends before this layer: layers 2 to 3 of a.cfg keep their initial weights',
    ]);
  });
  it('inside a layer is a fault that names layer and bytes, unless part of a file is asked for', () => {
    const bytes = counting(first + 9);
    expect(faultsOf(bytes, small)).toEqual([
      'a.weights: layer 2 [convolutional]: expected 40 bytes for this layer, 700 in the file, found 36 left of 552; the weights are of another cfg (a layer, filters, size, groups or batch_normalize differ) or not complete: give their own cfg, or cut them with `gdarknet partial <their cfg> a.weights <out> <layers>`',
    ]);
    const { value, notices } = read(bytes, small, { partial: true });
    expect(value.layers[0]).toBeDefined();
    expect(value.layers[2]).toBeUndefined();
    expect(notices.map(showNotice)[0]).toContain('its last 36 bytes are not used');
  });
  it('of too many bytes is a fault, unless part of a file is asked for', () => {
    const bytes = counting(small.parameters + 3);
    expect(faultsOf(bytes, small)[0]).toContain(
      'a.weights: expected 700 bytes, as the layers of a.cfg take, found 712, 12 too many',
    );
    expect(read(bytes, small, { partial: true }).notices.map(showNotice)).toEqual([
      'a.weights: 12 bytes behind the last layer of a.cfg are not used',
    ]);
  });
  it('of a header or less is a fault', () => {
    expect(faultsOf(counting(0), small)[0]).toContain('layer 0 [convolutional]: expected 496 bytes');
    expect(faultsOf(new Uint8Array(7), small)[0]).toContain('expected the header of a Darknet weights file');
    expect(faultsOf(counting(1).fill(255, 12, 20), small)[0]).toContain('an impossible counter');
  });
  it('of any bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), fc.boolean(), (bytes, partial) => {
        const result = readWeights(bytes, small, { partial });
        if (E.isRight(result)) expect(result.right.value.layers.length).toBe(4);
      }),
    );
  });
});

describe('weights of another network', () => {
  const detector = (classes: number, more = '') =>
    layout(
      `${net}[conv]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\n${more}[conv]\nfilters=${3 * (5 + classes)}\n` +
        `[yolo]\nnum=3\nclasses=${classes}\nanchors=1,1,2,2,3,3\n[route]\nlayers=0\n` +
        `[conv]\nfilters=8\nbatch_normalize=1\n[conv]\nfilters=${3 * (5 + classes)}\n[yolo]\nnum=3\nclasses=${classes}\nanchors=1,1,2,2,3,3\n`,
    );
  const weightsOf = (plan: NetworkPlan, seed = 3) => written(writeWeights(generatedWeights(plan, seed, 0), plan));
  const kept = (plan: NetworkPlan, bytes: Uint8Array) =>
    read(bytes, plan, { partial: true }).value.layers.flatMap((layer, i) => (layer ? [i] : []));

  it('with other classes are refused with their number, and partial takes the layers before', () => {
    expect(faultsOf(weightsOf(detector(5)), detector(1))[0]).toMatch(
      /the length of this network with 5 classes: give its own cfg, or cut it with `gdarknet partial <its cfg> a\.weights <out> 1`/,
    );
    expect(kept(detector(1), weightsOf(detector(5)))).toEqual([0]);
    expect(kept(detector(5), weightsOf(detector(1)))).toEqual([0]);
    expect(read(weightsOf(detector(1)), detector(5), { partial: true }).notices.map(showNotice)).toEqual([
      'a.weights: layer 1 [convolutional]: differs from the file, or may: layers 1 to 6 of a.cfg keep their initial weights',
    ]);
  });
  it('with another batch_normalize are refused with the layer', () => {
    const changed = layout(`${net}[conv]\nfilters=4\nbatch_normalize=1\n[conv]\nfilters=5\nbatch_normalize=1\n`);
    const plain = layout(`${net}[conv]\nfilters=4\nbatch_normalize=1\n[conv]\nfilters=5\n`);
    expect(faultsOf(weightsOf(plain), changed)[0]).toContain('with another batch_normalize in layer 1: correct a.cfg');
    expect(faultsOf(weightsOf(changed), plain)[0]).toContain('with another batch_normalize in layer 1: correct a.cfg');
  });
  it('of the same length are refused where variances are none', () => {
    const wide = layout(`${net}[conv]\nfilters=9\nbatch_normalize=1\n[conv]\nfilters=7\nbatch_normalize=1\n`);
    const tall = layout(`${net}[conv]\nfilters=7\nbatch_normalize=1\n[conv]\nfilters=9\nbatch_normalize=1\n`);
    const bytes = weightsOf(wide).subarray(0, 20 + 4 * Math.min(wide.parameters, tall.parameters));
    const padded = new Uint8Array(20 + 4 * tall.parameters);
    padded.set(bytes.subarray(0, padded.length));
    expect(faultsOf(padded, tall).join('\n')).toMatch(/rollingVariance: expected values of 0 or more, found -/);
  });
  it('partial never takes a layer whose filters differ, nor one behind it', () => {
    const body = (filters: readonly number[]) =>
      layout(
        `${net}${filters.map((f) => `[conv]\nfilters=${f}\nsize=3\npad=1\nbatch_normalize=1\n`).join('')}[conv]\nfilters=5\n`,
      );
    for (const [at, filters] of [
      [1, 16],
      [1, 4],
      [2, 12],
      [3, 7],
      [0, 9],
    ] as const) {
      const own = [8, 8, 8, 8];
      const theirs = own.map((f, i) => (i === at ? filters : f));
      const result = readWeights(weightsOf(body(theirs)), body(own), { partial: true });
      const taken = E.isLeft(result) ? [] : result.right.value.layers.flatMap((layer, i) => (layer ? [i] : []));
      expect(
        taken.every((layer) => layer < at),
        `${theirs}: ${taken}`,
      ).toBe(true);
    }
  });
  it('that end with a layer are a backbone, but no whole network', () => {
    const plan = detector(1);
    const bytes = written(cutWeights(generatedWeights(plan, 3, 0), plan, 1));
    expect(read(bytes, plan).notices.length).toBe(1);
    expect(faultsOf(bytes, plan, { whole: true })[0]).toContain(
      'expected the weights of all layers of a.cfg, found those of layers 0 to 0; give the weights of the whole network',
    );
    expect(kept(plan, bytes)).toEqual([0]);
  });
  it.each([
    ['<!DOCTYPE html><html>not here</html> and so on', 'found a web page; download the file itself'],
    ['version https://git-lfs.github.com/spec/v1\noid', 'found a pointer of Git LFS; fetch the file'],
  ])('is not what %j is', (text, message) => {
    expect(faultsOf(new TextEncoder().encode(text), small)[0]).toContain(message);
  });
});

it('refuses values that are not finite, unless they are asked for', () => {
  const bytes = counting(small.parameters);
  new DataView(bytes.buffer).setFloat32(20 + 4 * 130, Number.NaN, true);
  expect(faultsOf(bytes, small)).toEqual([
    expect.stringMatching(
      /^a\.weights: layer 2 \[convolutional\] weights: expected finite values, found 1 of \d+ that/,
    ),
  ]);
  const taken = readWeights(bytes, small, { file: 'a.weights', allowUnsound: true });
  expect(E.isRight(taken) && taken.right.notices.map(showNotice)).toEqual([
    expect.stringMatching(/^a\.weights: layer 2 \[convolutional\] weights: holds 1 of \d+ that are NaN or infinite$/),
  ]);
});

it('refuses to write layers that are missing or of another size', () => {
  const { value } = read(counting(4 * 4 + 4 * 27), small);
  const result = writeWeights(value, small, { file: 'b.weights' });
  expect(E.isLeft(result) && result.left.map(showFault)).toContain(
    'b.weights: layer 2 [convolutional] biases: expected 2 values, found none; write with the network that the weights belong to',
  );
});

it('orders of weights are inverse to each other', () => {
  const weights = Float32Array.from({ length: 24 }, (_, i) => i);
  const last = toChannelsLast(weights, [2, 3, 1, 4]);
  expect([...last.subarray(0, 6)]).toEqual([0, 4, 8, 1, 5, 9]);
  expect(toChannelsFirst(last, [2, 3, 1, 4])).toEqual(weights);
  expect(small.layers.map(kernelShape)).toEqual([[4, 3, 3, 3], undefined, [2, 4, 1, 1], [3, 2, 2, 2]]);
});

describe.skipIf(!shared)('real and golden files', () => {
  const cfgOf = (name: string): string =>
    ({
      'MobileNetV2-Nano.conv.57': 'MobileNetV2-YOLOv3-Nano-coco.cfg',
      'MobileNetV2-YOLO-Fastest.conv.57': 'MobileNetV2-YOLO-Fastest-voc.cfg',
    })[name] ?? name.replace('.weights', '.cfg');
  const real = shared
    ? readdirSync(sharedPath('data/weights'))
        .filter((f) => /\.(weights|conv\.\d+)$/.test(f))
        .map((f) => [f, sharedPath('data/weights', f), sharedPath('data/weights', cfgOf(f))] as const)
    : [];
  const golden = shared
    ? readdirSync(goldenPath('network')).flatMap((d) =>
        ['', 'cpu', 'accfix', 'gpulike'].flatMap((v) =>
          existsSync(goldenPath('network', d, v)) && existsSync(goldenPath('network', d, 'net.cfg'))
            ? readdirSync(goldenPath('network', d, v))
                .filter((f) => f.endsWith('.weights'))
                .map(
                  (f) =>
                    [`${d}/${v}/${f}`, goldenPath('network', d, v, f), goldenPath('network', d, 'net.cfg')] as const,
                )
            : [],
        ),
      )
    : [];
  it.each([...real, ...golden])('%s comes back byte for byte', (_, file, cfg) => {
    const plan = layout(readFileSync(cfg, 'utf8'));
    const bytes = readBytes(file);
    const { value, notices } = read(bytes, plan);
    const count = /\.conv\.(\d+)$/.exec(file)?.[1];
    expect(notices.length).toBe(count === undefined ? 0 : 1);
    const upTo = count === undefined ? {} : { upTo: Number(count) };
    expect(Buffer.compare(written(writeWeights(value, plan, upTo)), bytes)).toBe(0);
  });
  it('covers the files it should', () => expect([real.length, golden.length > 20]).toEqual([10, true]));

  it('a cut after 57 layers is as long as the published backbone, with the counter at 0', () => {
    const plan = layout(readFileSync(sharedPath('data/weights/MobileNetV2-YOLOv3-Nano-coco.cfg'), 'utf8'));
    const whole = read(readBytes(sharedPath('data/weights/MobileNetV2-YOLOv3-Nano-coco.weights')), plan).value;
    const cut = written(cutWeights(whole, plan, 57));
    expect(cut.length).toBe(readBytes(sharedPath('data/weights/MobileNetV2-Nano.conv.57')).length);
    const back: NetworkWeights = read(cut, plan).value;
    expect(back.header).toEqual({ major: 0, minor: 2, revision: 0, seen: 0 });
    expect(back.layers[56]).toEqual(whole.layers[56]);
  });

  it('weights of another cfg are refused', () => {
    const plan = layout(readFileSync(sharedPath('data/weights/yolo-fastest.cfg'), 'utf8'));
    expect(faultsOf(readBytes(sharedPath('data/weights/yolo-fastest-1.1.weights')), plan).length).toBe(1);
  });
});

it('the recipe of the goldens gives the first floats that their manifest lists', () => {
  const plan = layout(`${net}[conv]\nfilters=16\nsize=3\nbatch_normalize=1\n`);
  const first = generatedWeights(plan, 20240, -2.5).layers[0]!.biases;
  expect([...first.subarray(0, 3)]).toEqual([0.09277454763650894, -0.04760108143091202, -0.0670977532863617]);
});
