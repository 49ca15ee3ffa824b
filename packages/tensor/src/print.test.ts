/** Printing from traced functions: each run, in order, on every device; nothing is lost and nothing printed twice. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { swiftshader } from '../../../test/swiftshader.ts';
import {
  add,
  type Device,
  evaluate,
  fetch,
  inScope,
  jit,
  mul,
  openDevice,
  openReference,
  openWasm,
  type Printed,
  print,
  read,
  reshape,
  sum,
  type Tensor,
  tensor,
} from './index.ts';

const devices: readonly (readonly [name: string, open: () => Promise<Device>])[] = [
  ['reference', async () => openReference()],
  ['wasm, one thread', () => openWasm({ threads: 1 })],
  ['wasm, two threads', () => openWasm({ threads: 2 })],
  ...(swiftshader === undefined ? [['webgpu', () => openDevice('webgpu')] as const] : []),
];

/** A listener, and what it has heard as texts. */
const listener = () => {
  const lines: string[] = [];
  const to = ({ label, dtype, shape, values, scope }: Printed): void => {
    lines.push(`${scope === undefined ? '' : `${scope} `}${label} ${dtype}[${shape}] ${values.join(' ')}`);
  };
  return { to, lines };
};

describe.each(devices)('%s', (_, open) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  it('prints at each run, in the order of the lines, and hands the value on', async () => {
    const { to, lines } = listener();
    const f = jit(device, (x: Tensor) => {
      const y = print('twice', { to })(mul(x, 2));
      const z = inScope('a layer', () => print('sum', { to })(sum()(y)));
      return { y: fetch(add(y, 1)), z: fetch(z) };
    });
    expect(await f(tensor([1, 2]))).toEqual({ y: Float32Array.of(3, 5), z: Float32Array.of(6) });
    await f(tensor([3, 4]));
    expect(lines).toEqual(['twice f32[2] 2 4', 'a layer sum f32[] 6', 'twice f32[2] 6 8', 'a layer sum f32[] 14']);
    f.close();
  });

  it('prints what no result reads, arguments, views and integers; equal prints once', async () => {
    const { to, lines } = listener();
    const f = jit(device, (x: Tensor, i: Tensor) => {
      print('argument', { to })(x);
      print('again', { to })(reshape([2, 1])(x));
      print('whole', { to })(add(i, 1));
      print('whole', { to })(add(i, 1));
      return mul(x, 3);
    });
    expect(await read(device, await f(tensor([1, 2]), tensor(Int32Array.of(7))))).toEqual(Float32Array.of(3, 6));
    expect(lines).toEqual(['argument f32[2] 1 2', 'again f32[2,1] 1 2', 'whole i32[1] 8']);
    f.close();
  });

  it('prints of donated arguments, at each of several numbers, and in stages', async () => {
    const { to, lines } = listener();
    const step = jit(device, (x: Tensor, rate: number) => add(print('before', { to })(x), rate), { donate: [0] });
    let x = await evaluate(device, tensor([1, 2]));
    for (const rate of [1, 2, 3]) x = await step(x, rate);
    expect(await read(device, x)).toEqual(Float32Array.of(7, 8));
    expect(lines.splice(0)).toEqual(['before f32[2] 1 2', 'before f32[2] 2 3', 'before f32[2] 4 5']);
    const staged = jit(device, (y: Tensor) => [mul(y, 2), print('last', { to })(mul(y, 3))] as const, { staged: true });
    const found: number[] = [];
    for await (const part of staged.stages(tensor([5]))) found.push((await read(device, part))[0]);
    for await (const _ of staged.stages(tensor([6]))) break;
    expect([...found, ...lines]).toEqual([10, 15, 'last f32[1] 15', 'last f32[1] 18']);
    step.close();
    staged.close();
  });

  it('prints outside of jit what the expression is made of', async () => {
    const { to, lines } = listener();
    const y = add(print('x', { to })(mul(tensor([1]), 2)), 1);
    expect(await read(device, [y, y])).toEqual([Float32Array.of(3), Float32Array.of(3)]);
    expect(lines).toEqual(['x f32[1] 2']);
  });

  it('a listener that throws fails the call, and the next one works', async () => {
    let broken = true;
    const to = () => {
      if (broken) throw new Error('not today');
    };
    const f = jit(device, (x: Tensor) => print('x', { to })(mul(x, 2)));
    await expect(f(tensor([1]))).rejects.toThrow('not today');
    broken = false;
    expect(await read(device, await f(tensor([2])))).toEqual(Float32Array.of(4));
    f.close();
  });
});

it('prints a line on the console where nobody listens', async () => {
  const device = openReference();
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await read(
      device,
      print('x')(
        tensor([
          [1.1, 2],
          [3, 4],
        ]),
      ),
    );
    await read(device, print('long')(tensor(new Int32Array(150))));
    expect(log.mock.calls[0]).toEqual(['x f32[2, 2] 1.1 2 3 4']);
    expect(log.mock.calls[1][0]).toMatch(/^long i32\[150\] 0 0 .* \.\.\. 150 values$/);
  } finally {
    log.mockRestore();
    await device.close();
  }
});
