/** A network of this package run by TensorFlow.js on WebAssembly (SIMD; its threads do not work in Node). */
import type { NetworkPlan, NetworkWeights } from '@gdarknet/yolo';
import { peer, peerFile } from './peers.ts';

type T = {
  readonly shape: readonly number[];
  readonly dispose: () => void;
  readonly data: () => Promise<Float32Array>;
};
type Tf = {
  readonly tensor4d: (values: Float32Array, shape: readonly number[]) => T;
  readonly tensor1d: (values: Float32Array) => T;
  readonly conv2d: (x: T, f: T, stride: number, pad: unknown) => T;
  readonly depthwiseConv2d: (x: T, f: T, stride: number, pad: unknown) => T;
  readonly maxPool: (x: T, size: number, stride: number, pad: 'same') => T;
  readonly leakyRelu: (x: T, slope: number) => T;
  readonly add: (a: T, b: T) => T;
  readonly concat: (all: readonly T[], axis: number) => T;
  readonly image: { readonly resizeNearestNeighbor: (x: T, size: readonly number[]) => T };
  readonly tidy: <R>(f: () => R) => R;
  readonly setBackend: (name: string) => Promise<boolean>;
  readonly ready: () => Promise<void>;
};

export const openTfjs = async (
  plan: NetworkPlan,
  weights: NetworkWeights,
): Promise<((x: Float32Array) => Promise<void>) | string> => {
  const tf = peer<Tf>('@tensorflow/tfjs-core');
  const wasm = peer<{ setWasmPaths: (prefix: string) => void }>('@tensorflow/tfjs-backend-wasm');
  if (typeof tf === 'string') return tf;
  if (typeof wasm === 'string') return wasm;
  wasm.setWasmPaths(`${peerFile('@tensorflow/tfjs-backend-wasm', 'dist')}/`);
  if (!(await tf.setBackend('wasm'))) return 'its backend does not start';
  await tf.ready();

  type Layer = (outputs: readonly T[], x: T) => T;
  const layers: Layer[] = [];
  for (const { index, config, sources, output } of plan.layers) {
    const from = (outputs: readonly T[], x: T, k = 0): T => (sources[k] < 0 ? x : outputs[sources[k]]);
    if (config.type === 'convolutional') {
      const own = weights.layers[index];
      if (!own) return 'a layer without weights';
      const { size, stride, groups, activation } = config;
      const inputs = own.weights.length / (output.c * size * size);
      const turned = new Float32Array(own.weights.length);
      const depthwise = groups > 1;
      for (let o = 0; o < output.c; o++)
        for (let i = 0; i < inputs; i++)
          for (let t = 0; t < size * size; t++) {
            const to = depthwise ? t * output.c + o : (t * inputs + i) * output.c + o;
            turned[to] = own.weights[(o * inputs + i) * size * size + t] * (own.scales?.[o] ?? 1);
          }
      const filter = tf.tensor4d(turned, depthwise ? [size, size, output.c, 1] : [size, size, inputs, output.c]);
      const bias = tf.tensor1d(own.biases);
      const before = Math.floor(size / 2);
      const pad =
        size === 1
          ? 'valid'
          : [
              [0, 0],
              [before, before],
              [before, before],
              [0, 0],
            ];
      layers.push((outputs, x) => {
        const y = (depthwise ? tf.depthwiseConv2d : tf.conv2d)(from(outputs, x), filter, stride, pad);
        const z = tf.add(y, bias);
        return activation === 'leaky' ? tf.leakyRelu(z, 0.1) : z;
      });
    } else if (config.type === 'maxpool') {
      layers.push((outputs, x) => tf.maxPool(from(outputs, x), config.size, config.stride, 'same'));
    } else if (config.type === 'upsample') {
      layers.push((outputs, x) => tf.image.resizeNearestNeighbor(from(outputs, x), [output.h, output.w]));
    } else if (config.type === 'shortcut') {
      layers.push((outputs, x) => tf.add(from(outputs, x, 0), from(outputs, x, 1)));
    } else if (config.type === 'route') {
      layers.push((outputs, x) =>
        sources.length === 1
          ? from(outputs, x)
          : tf.concat(
              sources.map((_, k) => from(outputs, x, k)),
              3,
            ),
      );
    } else layers.push((outputs, x) => from(outputs, x));
  }
  const { h, w, c } = plan.input;
  return async (values) => {
    const heads = tf.tidy(() => {
      const x = tf.tensor4d(values, [1, h, w, c]);
      const outputs: T[] = [];
      for (const layer of layers) outputs.push(layer(outputs, x));
      return plan.heads.map((index) => outputs[index]);
    });
    for (const head of heads) {
      await head.data();
      head.dispose();
    }
  };
};
