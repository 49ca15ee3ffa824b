/** Gradients that devices once got wrong, refused or had no stack for: the same numbers on all of them. */
import {
  add,
  conv2d,
  type Device,
  matmul,
  mean,
  mul,
  openDevice,
  openReference,
  openWasm,
  pad,
  read,
  sin,
  slice,
  softmax,
  square,
  sum,
  type Tensor,
  tensor,
} from '@gdarknet/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { swiftshader } from '../../../../test/swiftshader.ts';
import { grad } from './grad.ts';

const empty = (...shape: number[]): Tensor => tensor([], shape);

const devices: readonly [name: string, open: () => Promise<Device>][] = [
  ['reference', async () => openReference()],
  ...[1, 2, 8].map((threads): [string, () => Promise<Device>] => [
    `wasm, threads: ${threads}`,
    () => openWasm({ threads }),
  ]),
  ...(swiftshader === undefined ? [['webgpu', () => openDevice('webgpu')] as [string, () => Promise<Device>]] : []),
];

describe.each(devices)('%s', (name, open) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());
  const gradient = async (f: (x: Tensor) => Tensor, x: Tensor): Promise<number[]> => [
    ...(await read(device, grad(f)(x))),
  ];

  test('of a crop that is padded', async () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8]);
    const f = (a: Tensor) => sum()(mul(pad([1], [0])(slice([5], [8])(mul(a, 2))), tensor([1, 10, 100, 1000])));
    expect(await gradient(f, x)).toEqual([0, 0, 0, 0, 0, 20, 200, 2000]);
    const overlapping = (a: Tensor) => sum()(square(add(slice([0], [6])(a), slice([2], [8])(a))));
    expect(await gradient(overlapping, x)).toEqual([8, 12, 24, 32, 40, 48, 24, 28]);
  });

  test('of an empty batch', async () => {
    const ones = tensor([1, 1], [2, 1]);
    expect(await gradient((w) => sum()(matmul(empty(0, 2), w)), ones)).toEqual([0, 0]);
    const filter = tensor([1], [1, 1, 1, 1]);
    expect(await gradient((w) => sum()(conv2d(w)(empty(0, 2, 2, 1))), filter)).toEqual([0]);
    expect(await gradient((x) => sum()(softmax(x)), empty(0, 3))).toEqual([]);
    expect(await gradient((w) => mean()(square(matmul(empty(0, 2), w))), ones)).toEqual([0, 0]);
  });

  // Five thousand kernels of one element each: minutes of shader compilation on an emulated card.
  test.skipIf(name === 'webgpu')('of two thousand steps', async () => {
    const deep = (x: Tensor) => {
      let y = x;
      for (let i = 0; i < 2000; i++) y = sin(y);
      return sum()(y);
    };
    let [y, slope] = [1, 1];
    for (let i = 0; i < 2000; i++) [y, slope] = [Math.sin(y), slope * Math.cos(y)];
    const [found] = await gradient(deep, tensor([1]));
    expect(Math.abs(found / slope - 1)).toBeLessThan(1e-4);
  });
});
