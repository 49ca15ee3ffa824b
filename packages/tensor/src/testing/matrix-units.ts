/**
 * Products on matrix units and with plain kernels, and whether units that an adapter has not are found out; prints what came
 * of it as JSON. A program of its own, because the driver is chosen by the environment.
 */
import { conv2d, conv2dFilter, conv2dInput, floor, matmul, mul, read, type Tensor } from '../index.ts';
import { chooseAdapter } from '../webgpu/adapter.ts';
import { gpuOf, openWebGpu } from '../webgpu/device.ts';
import type { WebGpuOptions } from '../webgpu/options.ts';
import { openPipelines } from '../webgpu/pipelines.ts';
import { disagreement } from '../webgpu/proof.ts';
import { unitsOf } from '../webgpu/units.ts';
import { noise } from './cases.ts';

/** Noise that 16 bits hold exactly, and of which 32 hold every sum: all kernels must give the same bits. */
const short = (shape: readonly number[], seed: number): Tensor => mul(floor(mul(noise(shape, seed), 256)), 1 / 256);

/** A problem for each kind of loader; sizes that no tile divides. */
const problems: Readonly<Record<string, () => Tensor>> = {
  'conv2d of few channels': () => conv2d(short([20, 3, 3, 3], 1), { padding: 1, stride: 2 })(short([2, 13, 11, 3], 2)),
  conv2d: () => conv2d(short([33, 3, 3, 17], 1), { padding: 1 })(short([2, 9, 11, 17], 2)),
  conv2dInput: () => conv2dInput(short([33, 3, 3, 17], 1), [2, 9, 11, 17], { padding: 1 })(short([2, 9, 11, 33], 2)),
  conv2dFilter: () => conv2dFilter(short([2, 9, 11, 17], 1), short([2, 9, 11, 33], 2), [33, 3, 3, 17], { padding: 1 }),
  'matmul aT bT': () => matmul(short([40, 70], 1), short([37, 40], 2), { transposeA: true, transposeB: true }),
};

const resultOf = async (problem: () => Tensor, options: WebGpuOptions): Promise<number[]> => {
  const device = await openWebGpu({ precision: 'f16', ...options });
  try {
    return [...(await read(device, problem()))];
  } finally {
    await device.close();
  }
};

const products = [];
for (const [name, problem] of Object.entries(problems)) {
  const plain = await resultOf(problem, { matrixUnits: false });
  const ways = [];
  for (const way of [0, 3]) ways.push(await resultOf(problem, { way }));
  products.push({ name, plain, ways });
}

const long = () => matmul(noise([70, 40], 1), noise([40, 37], 2));
const rounded = { plain: await resultOf(long, { matrixUnits: false }), units: await resultOf(long, {}) };

const device = await openWebGpu({ precision: 'f16' });
const { description } = device;
const gpu = gpuOf(device);
const units = unitsOf(await chooseAdapter());
const lie = gpu && units && (await disagreement(gpu, openPipelines(gpu), { ...units, k: 3 * units.k }));
await device.close();
console.log(JSON.stringify({ description, products, rounded, lie }));
