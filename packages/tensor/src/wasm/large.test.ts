/** Memory beyond 2 GiB, where addresses do not fit a signed word any more. Nothing is written to most of it. */
import { expect, it } from 'vitest';
import { add, conv2d, jit, matmul, openDevice, read, sum, zeros } from '../index.ts';
import { noise } from '../testing/cases.ts';

it('computes the same above 2 GiB', async () => {
  const reference = await openDevice('reference');
  const device = await openDevice('wasm', { threads: 2 });
  const side = 24_000;
  const large = jit(device, (a, b) => sum()(add(matmul(a, b), 1)));
  const column = zeros([side, 1]);
  await large.prepare(column, zeros([1, side]));
  expect(device.memory?.()).toBeGreaterThan(2 ** 31);

  const result = conv2d(noise([40, 3, 3, 16], 2), { padding: 1 })(noise([2, 26, 26, 16], 1));
  const expected = await read(reference, result);
  const found = await read(device, result);
  const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  expect(worst).toBeLessThan(1e-4);
  large.close();
  await device.close();
});
