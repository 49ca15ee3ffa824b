/** Exported networks in onnxruntime against the same networks here. */
import { readFileSync } from 'node:fs';
import { type Device, evaluate, fetch, jit, key, openWasm, tensor } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { type NetworkPlan, parseNetwork } from '../darknet/plan.ts';
import { generatedWeights } from '../darknet/testing/generated-weights.ts';
import { type NetworkWeights, readWeights } from '../darknet/weights.ts';
import { zooFiles } from '../darknet/zoo.ts';
import { decodeYolo } from '../detect/decode.ts';
import type { LayerConfig } from '../index.ts';
import { buildNetwork } from '../network/network.ts';
import { installWeights } from '../network/variables.ts';
import { completeWeights } from './complete.ts';
import { exportOnnx, type OnnxOptions } from './export.ts';
import { classifierText, detectorText, spatialText } from './testing/every-layer.ts';
import { installOnnxRuntime, type OnnxRuntime } from './testing/onnxruntime.ts';

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

const installed = await installOnnxRuntime();
const title = typeof installed === 'string' ? `(skipped: ${installed})` : '';
const runtime = installed as OnnxRuntime;

const plan = (text: string, side?: number): NetworkPlan =>
  right(parseNetwork(text, side === undefined ? {} : { width: side, height: side })).value;

/** Waves of several lengths in 0 to 1, `[n, h, w, 3]`. */
const picture = (n: number, { h, w }: { h: number; w: number }): Float32Array =>
  Float32Array.from({ length: n * h * w * 3 }, (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37 + Math.floor(i / w) * 0.11));

/** `[n, h, w, c]` to `[n, c, h, w]`. */
const channelsFirst = (data: Float32Array, n: number, h: number, w: number, c: number): Float32Array => {
  const moved = new Float32Array(data.length);
  for (let b = 0; b < n; b++) {
    for (let at = 0; at < h * w; at++) {
      for (let k = 0; k < c; k++) moved[(b * c + k) * h * w + at] = data[(b * h * w + at) * c + k];
    }
  }
  return moved;
};

let device: Device;
beforeAll(async () => {
  device = await openWasm({ threads: 1 });
});
afterAll(async () => {
  await device?.close();
  if (typeof installed !== 'string') await installed.remove();
});

/** Inputs of the heads, or the last layer's output, NCHW, by ONNX name. */
const ours = async (
  p: NetworkPlan,
  weights: NetworkWeights,
  x: Float32Array,
  n: number,
  convention: 'cudnn' | 'darknet-cpu',
) => {
  const network = buildNetwork(p, { convention });
  const variables = await evaluate(device, installWeights(p, network.init(key(0)), weights));
  const wanted = p.heads.length > 0 ? p.heads.map((index) => p.layers[index].sources[0]) : [p.layers.length - 1];
  const run = jit(device, (v: typeof variables, image: ReturnType<typeof tensor>) => {
    const { outputs } = network.apply(v.params, v.state, image, { training: false });
    return wanted.map((index) => fetch(outputs[index]));
  });
  const values = (await run(variables, tensor(x, [n, p.input.h, p.input.w, 3]))) as readonly Float32Array[];
  run.close();
  return new Map(
    wanted.map((index, i) => {
      const name = p.heads.length > 0 ? `yolo_${p.heads[i]}` : 'output';
      const { h, w, c } = p.layers[index].output;
      return [name, channelsFirst(Float32Array.from(values[i]), n, h, w, c)] as const;
    }),
  );
};

/** Largest difference as a share of the largest value, or of `range` when that is larger. */
const difference = (a: ArrayLike<number>, b: ArrayLike<number>, range = 1e-30): number => {
  expect(a.length).toBe(b.length);
  let [most, size] = [0, range];
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(b[i]));
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Number.NaN;
  }
  return most / size;
};

const tolerance = 5e-5;

const compare = async (p: NetworkPlan, weights: NetworkWeights, options: OnnxOptions = {}, n = 1): Promise<void> => {
  const { h, w } = p.input;
  const x = picture(n, p.input);
  const expected = await ours(p, weights, x, n, options.convention ?? 'cudnn');
  const found = await runtime.run(exportOnnx(p, weights, options), channelsFirst(x, n, h, w, 3), [n, 3, h, w]);
  expect(Object.keys(found)).toEqual([...expected.keys()]);
  for (const [name, values] of expected) expect(difference(found[name].data, values), name).toBeLessThan(tolerance);
};

/** Rows of boxes and scores of every slot, none dropped, in the order of emission. */
const decodedHere = (p: NetworkPlan, raw: ReadonlyMap<string, Float32Array>) =>
  decodeYolo(
    p.heads.map((index) => {
      const { config, output } = p.layers[index];
      const values = raw.get(`yolo_${index}`) ?? new Float32Array();
      return {
        head: config as LayerConfig<'yolo'>,
        h: output.h,
        w: output.w,
        activated: false,
        values: channelsFirst(values, 1, output.c, 1, output.h * output.w),
      };
    }),
    { netWidth: p.input.w, netHeight: p.input.h, threshold: -1 },
  );

const compareBoxes = async (p: NetworkPlan, weights: NetworkWeights): Promise<void> => {
  const { h, w } = p.input;
  const x = picture(1, p.input);
  const model = exportOnnx(p, weights, { outputs: 'both' });
  const found = await runtime.run(model, channelsFirst(x, 1, h, w, 3), [1, 3, h, w]);
  const { boxes, probabilities } = decodedHere(p, await ours(p, weights, x, 1, 'cudnn'));
  expect(found.boxes.dims).toEqual([1, boxes.length / 4, 4]);
  expect(difference(found.boxes.data, boxes)).toBeLessThan(tolerance);
  expect(difference(found.scores.data, probabilities, 1)).toBeLessThan(tolerance);
};

describe.skipIf(typeof installed === 'string')(`export to ONNX, run by onnxruntime ${title}`, () => {
  for (const [name, text] of Object.entries({ detectorText, classifierText, spatialText })) {
    for (const options of [{}, { fold: false }, { fold: false, convention: 'darknet-cpu' }] as const) {
      it(`every kind of layer: ${name} ${JSON.stringify(options)}`, async () => {
        const p = plan(text);
        const weights = await completeWeights(device, p, generatedWeights(p, 7, 0));
        await compare(p, weights, options, 2);
      });
    }
  }

  it('boxes and scores of both representations, with scale_x_y', async () => {
    const p = plan(detectorText);
    await compareBoxes(p, generatedWeights(p, 3, 0));
  });

  // Losses leave the network as it is.
  for (const [name, text] of Object.entries(zooFiles()).filter(([file]) => !/-(mse|iou)[.]/.test(file))) {
    it(`zoo network ${name}`, async () => {
      const p = plan(text, 64);
      await compare(p, generatedWeights(p, 5, 0));
    });
  }

  it('a fixed batch refuses another, any batch takes both', async () => {
    const p = plan(detectorText);
    const weights = generatedWeights(p, 1, 0);
    const x = channelsFirst(picture(2, p.input), 2, 24, 24, 3);
    await expect(runtime.run(exportOnnx(p, weights, { batch: 1 }), x, [2, 3, 24, 24])).rejects.toThrow(/dimension/i);
    expect((await runtime.run(exportOnnx(p, weights), x, [2, 3, 24, 24])).yolo_11.dims[0]).toBe(2);
  });
});

describe.skipIf(!shared || typeof installed === 'string')(`real models in onnxruntime ${title}`, () => {
  for (const name of ['yolo-fastest-1.1', 'yolo-fastest-xl', 'yoloface-50k', 'MobileNetV2-YOLOv3-Nano-voc']) {
    it(`${name}: equal outputs and boxes`, async () => {
      const at = (extension: string) => sharedPath('data', 'weights', `${name}.${extension}`);
      const p = plan(readFileSync(at('cfg'), 'utf8'));
      const { value: weights } = right(readWeights(readFileSync(at('weights')), p));
      await compare(p, weights);
      await compare(p, weights, { fold: false });
      await compareBoxes(p, weights);
    });
  }
});

describe('export to ONNX', () => {
  it('names the layer without weights', () => {
    const p = plan(detectorText);
    expect(() => exportOnnx(p, { header: generatedWeights(p, 1, 0).header, layers: [] })).toThrow(
      'layer 0 has no weights',
    );
  });

  it('fills what a file does not hold', async () => {
    const p = plan(classifierText);
    const partial = generatedWeights(p, 1, 0);
    const whole = await completeWeights(device, p, partial);
    expect(whole.layers[0]?.weights).toEqual(partial.layers[0]?.weights);
    expect(exportOnnx(p, whole).length).toBeGreaterThan(4 * p.parameters);
  });
});
