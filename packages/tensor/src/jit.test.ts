import { expect, it } from 'vitest';
import { add, jit, mul, openDevice, read, type Tensor, tensor } from './index.ts';

it('runs in stages take turns on a device, with each other and with other work', async () => {
  const device = await openDevice('wasm', { threads: 1 });
  const f = jit(device, (x: Tensor) => [[mul(x, 2)], [add(mul(mul(x, x), 3), 1)]] as const, { staged: true });
  const run = async (value: number): Promise<readonly number[]> => {
    const found: number[] = [];
    for await (const [y] of f.stages(tensor([value, value]))) {
      // Lets the others have a try between two stages.
      await new Promise((done) => setTimeout(done, 1));
      found.push((await read(device, y))[0]);
    }
    return found;
  };
  const values = Array.from({ length: 12 }, (_, i) => i + 1);
  const [staged, plain] = await Promise.all([
    Promise.all(values.map(run)),
    Promise.all(values.map(async (v) => (await read(device, mul(tensor([v]), 5)))[0])),
  ]);
  expect(staged).toEqual(values.map((v) => [2 * v, 3 * v * v + 1]));
  expect(plain).toEqual(values.map((v) => 5 * v));
  await device.close();
});
