/** Memory beyond 2 GiB, where addresses do not fit a signed word any more. Nothing is written to most of it. */
import { expect, it } from 'vitest';
import { add, conv2d, jit, matmul, openDevice, read, sum, type Tensor, zeros } from '../index.ts';
import { noise } from '../testing/cases.ts';

it('computes the same above 2 GiB', async () => {
  const reference = await openDevice('reference');
  const device = await openDevice('wasm', { threads: 2 });
  const side = 24_000;
  const large = jit(device, (a: Tensor, b: Tensor) => sum()(add(matmul(a, b), 1)));
  const column = zeros([side, 1]);
  await large.prepare(column, zeros([1, side]));
  expect(device.memory?.()).toBeGreaterThan(2 ** 31);

  const result = conv2d(noise([40, 3, 3, 16], 2), { padding: 1 })(noise([2, 26, 26, 16], 1));
  const expected = await read(reference, result);
  const found = await read(device, result);
  let worst = 0;
  for (let i = 0; i < found.length; i++) worst = Math.max(worst, Math.abs(found[i] - expected[i]));
  expect(worst).toBeLessThan(1e-4);
  large.close();
  await device.close();
});
