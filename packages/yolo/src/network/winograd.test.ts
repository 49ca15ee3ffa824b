/**
 * Winograd's error on real weights. The published networks separate their 3 x 3 convolutions into depthwise and 1 x 1; two
 * in a row, normalisation folded in, are one dense 3 x 3 convolution, whose filter is their product.
 */
import { readFileSync } from 'node:fs';
import { conv2d, type Device, openDevice, read, tensor } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { type NetworkPlan, parseNetwork } from '../darknet/plan.ts';
import { type LayerWeights, readWeights } from '../darknet/weights.ts';

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

const names = ['yolo-fastest-1.1', 'yolo-fastest-xl', 'MobileNetV2-YOLOv3-Nano-coco'] as const;

/** What the normalisation multiplies each filter by. */
const factors = ({ scales, rollingVariance, biases }: LayerWeights): Float32Array =>
  biases.map((_, i) => (scales?.[i] ?? 1) / Math.sqrt(Math.max(0, rollingVariance?.[i] ?? 1) + 1e-5));

/** Filters `[out, 3, 3, c]` of the pairs in a network. */
const pairs = (plan: NetworkPlan, layers: readonly (LayerWeights | undefined)[]) =>
  plan.layers.flatMap(({ config, index, sources }) => {
    const before = plan.layers[index - 1];
    if (config.type !== 'convolutional' || config.size !== 1 || sources[0] !== index - 1) return [];
    if (before?.config.type !== 'convolutional' || before.config.size !== 3 || before.config.stride !== 1) return [];
    const [deep, point] = [layers[index - 1], layers[index]];
    const [c, out] = [before.output.c, plan.layers[index].output.c];
    if (before.config.groups !== c || deep === undefined || point === undefined) return [];
    const [one, two] = [factors(deep), factors(point)];
    const filter = Float32Array.from({ length: out * 9 * c }, (_, i) => {
      const [k, tap, o] = [i % c, Math.floor(i / c) % 9, Math.floor(i / (9 * c))];
      return deep.weights[k * 9 + tap] * one[k] * point.weights[o * c + k] * two[o];
    });
    return c % 4 === 0 && out % 4 === 0 && c >= 16 ? [{ index, filter: tensor(filter, [out, 3, 3, c]), c }] : [];
  });

describe.skipIf(!shared)("Winograd's error on published weights", () => {
  let reference: Device;
  let wasm: Device;
  beforeAll(async () => {
    reference = await openDevice('reference');
    wasm = await openDevice('wasm', { threads: 2 });
  });
  afterAll(() => wasm?.close());

  it.each(names)('%s: below 2e-5 of the largest result', async (name) => {
    const at = (ending: string) => sharedPath('data', 'weights', `${name}.${ending}`);
    const { value: plan } = right(parseNetwork(readFileSync(at('cfg'), 'utf8'), { lenient: true }));
    const { value: weights } = right(readWeights(new Uint8Array(readFileSync(at('weights'))), plan));
    const filters = pairs(plan, weights.layers);
    expect(filters.length).toBeGreaterThan(5);
    for (const { index, filter, c } of filters) {
      // After a rectifier.
      const x = tensor(
        Float32Array.from({ length: 26 * 26 * c }, (_, i) => Math.max(0, Math.sin(i * 12.9898) * 3)),
        [1, 26, 26, c],
      );
      const result = conv2d(filter, { padding: 1 })(x);
      const [expected, found] = [await read(reference, result), await read(wasm, result)];
      let [largest, worst] = [0, 0];
      for (let i = 0; i < expected.length; i++) {
        largest = Math.max(largest, Math.abs(expected[i]));
        worst = Math.max(worst, Math.abs(found[i] - expected[i]));
      }
      expect(worst / largest, `layer ${index}`).toBeLessThan(2e-5);
    }
  });
});
