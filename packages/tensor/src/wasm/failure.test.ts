/** What a failed kernel, full memory and closed plans leave behind. */
import { describe, expect, it } from 'vitest';
import {
  add,
  type Device,
  evaluate,
  fetch,
  jit,
  matmul,
  mul,
  node,
  openWasm,
  read,
  sum,
  type Tensor,
  tensor,
} from '../index.ts';
import { Heap } from './heap.ts';

/** A tensor whose address lies outside of the memory: a kernel that reads it traps. */
const astray = (device: Device, length: number): Tensor => {
  const buffer = { shape: [length], dtype: 'f32', handle: 2 ** 32 - 64 * 1024 } as const;
  return node({ kind: 'stored', value: { device, buffer } }, [], [length], 'f32');
};

describe.each([1, 2, 8])('with %i threads', (threads) => {
  // One item, which the calling thread takes, and enough for every thread.
  it.each([4, 1_000_000])('a device whose kernel over %i elements failed refuses work and says why', async (length) => {
    const device = await openWasm({ threads });
    const x = await evaluate(device, add(tensor([1, 2]), 0));
    const f = jit(device, (a: Tensor) => fetch(mul(a, 2)));
    await f(x);
    await expect(read(device, sum()(mul(astray(device, length), 2)))).rejects.toMatchObject({
      name: 'DeviceLostError',
      message: expect.stringMatching(/^The wasm device failed in .*: .* Open a new one\.$/),
    });
    await expect(f(x)).rejects.toThrow(/The wasm device failed in/);
    await expect(read(device, x)).rejects.toThrow(/The wasm device failed in/);
    await expect(read(device, matmul(tensor([1], [1, 1]), tensor([1], [1, 1])))).rejects.toThrow(/failed in/);
    await expect(evaluate(device, tensor([1]))).rejects.toThrow(/failed in/);
    await device.close();
    const next = await openWasm({ threads });
    expect(await read(next, add(tensor([1, 2]), 1))).toEqual(Float32Array.of(2, 3));
    await next.close();
  });
});

it('gives back what a call took that found no room, and names the operation', async () => {
  const device = await openWasm({ threads: 1 });
  const side = 40_000;
  const column = tensor(new Float32Array(side), [side, 1]);
  const huge = () => read(device, matmul(column, column, { transposeB: true }));
  let taken: number | undefined;
  for (let i = 0; i < 3; i++) {
    await expect(huge()).rejects.toMatchObject({
      name: 'OutOfMemoryError',
      message: expect.stringMatching(/no room for 5\.96 GiB more .*40000/),
    });
    taken ??= device.memory?.();
    expect(device.memory?.()).toBe(taken);
  }
  expect(await read(device, add(tensor([1, 2]), 1))).toEqual(Float32Array.of(2, 3));
  await device.close();
});

describe('the heap', () => {
  it('makes one block of free neighbours before it grows', () => {
    const heap = new Heap(false);
    const megabyte = 1 << 20;
    const blocks = Array.from({ length: 8 }, () => heap.allocate(megabyte));
    const kept = heap.allocate(64);
    for (const at of blocks) heap.release(at);
    const size = heap.memory.buffer.byteLength;
    expect(heap.allocate(6 * megabyte)).toBe(blocks[0]);
    expect(heap.allocate(2 * megabyte)).toBe(blocks[6]);
    expect(heap.memory.buffer.byteLength).toBe(size);
    expect(kept).toBe(blocks[7] + megabyte);
  });

  it('never hands out what is taken, whatever comes and goes', () => {
    const heap = new Heap(false);
    let state = 1;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % n;
    };
    const taken = new Map<number, number>();
    for (let round = 0; round < 3000; round++) {
      if (taken.size > 0 && random(5) < 2) {
        const at = [...taken.keys()][random(taken.size)];
        heap.release(at);
        taken.delete(at);
      } else {
        const bytes = 1 + random(random(4) === 0 ? 400_000 : 3_000);
        const at = heap.allocate(bytes);
        expect(at % 64).toBe(0);
        const overlapping = [...taken].filter(([other, length]) => at < other + length && other < at + bytes);
        expect(overlapping).toEqual([]);
        taken.set(at, bytes);
      }
    }
    expect(heap.memory.buffer.byteLength).toBeLessThan(2 ** 28);
  });
});
