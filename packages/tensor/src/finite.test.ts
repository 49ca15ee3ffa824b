/** The check for values that are not finite: what it finds and says, what it leaves alone, and that it changes no result. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { swiftshader } from '../../../test/swiftshader.ts';
import {
  abs,
  add,
  conv2d,
  type Device,
  div,
  evaluate,
  exp,
  fetch,
  free,
  inScope,
  jit,
  key,
  leakyRelu,
  less,
  log,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  mul,
  NonFiniteError,
  normal,
  ones,
  openDevice,
  openReference,
  openWasm,
  pad,
  read,
  reshape,
  select,
  sigmoid,
  sqrt,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  uniform,
} from './index.ts';

type Open = (check?: 'finite') => Promise<Device>;
const given = (check?: 'finite') => (check === undefined ? {} : { check });
const devices: readonly (readonly [name: string, open: Open])[] = [
  ['reference', async (check) => openReference(given(check))],
  ['wasm, one thread', (check) => openWasm({ threads: 1, ...given(check) })],
  ['wasm, two threads', (check) => openDevice('wasm', { threads: 2, ...given(check) })],
  ...(swiftshader === undefined ? [['webgpu', (check?: 'finite') => openDevice('webgpu', given(check))] as const] : []),
];

const findingOf = async (run: Promise<unknown>): Promise<NonFiniteError> => {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
};

describe.each(devices)('%s', (_, open) => {
  let device: Device;
  beforeAll(async () => {
    device = await open('finite');
  });
  afterAll(() => device.close());

  it('names operation, scope, shape, place, value, operands and the line of the caller', async () => {
    const f = jit(device, (x: Tensor, y: Tensor) => {
      const sums = add(x, 1);
      const quotient = inScope('a layer', () => div(sums, y));
      return fetch(sum()(mul(quotient, 2)));
    });
    expect(
      await f(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        ones([2, 2]),
      ),
    ).toEqual(Float32Array.of(28));
    const error = await findingOf(
      f(
        tensor([
          [1, 2],
          [3, -1],
        ]),
        tensor([
          [1, 1],
          [1, 0],
        ]),
      ),
    );
    expect(error).toMatchObject({ op: 'div', scope: 'a layer', shape: [2, 2], index: [1, 1], value: NaN });
    expect(error.line).toMatch(/finite\.test\.ts:\d+:\d+$/);
    expect(error.message).toMatch(
      /^div: gives NaN at \[1, 1\] of \[2, 2\], made of 0 and 0, in a layer, built at .*finite\.test\.ts:\d+:\d+$/,
    );
    // The device goes on.
    expect(
      await f(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        ones([2, 2]),
      ),
    ).toEqual(Float32Array.of(28));
    f.close();
  });

  it('finds it in sums, products and what is read without jit; the first one, not what follows', async () => {
    const big = tensor([1e38, 1e38, 1e38, 1e38]);
    expect(await findingOf(read(device, exp(log(sum()(big)))))).toMatchObject({
      op: 'sum',
      value: Infinity,
      index: [0],
    });
    const square = reshape([2, 2])(mul(big, 0.1));
    expect(await findingOf(evaluate(device, leakyRelu(0.1)(matmul(square, square))))).toMatchObject({ op: 'matmul' });
    const y = add(sqrt(sub(tensor([4, 1]), 2)), 1);
    expect(await findingOf(read(device, y))).toMatchObject({ op: 'sqrt', index: [1], value: NaN });
  });

  it('leaves alone what was not finite before, what no select takes, and infinities that are written', async () => {
    const weights = tensor([0, 2]);
    const guarded = select(less(0, weights), div(tensor([1, 1]), weights), 0);
    const odd = tensor([NaN, Infinity, 1]);
    const masked = tensor([0, -Infinity, 1, -Infinity]);
    const found = await read(device, [
      guarded,
      mul(odd, 2),
      logSoftmax(masked),
      logSumExp()(masked),
      max()(pad([1], [1], { value: -Infinity })(weights)),
    ]);
    expect(found[0]).toEqual(Float32Array.of(0, 0.5));
    expect([...found[1]]).toEqual([NaN, Infinity, 2]);
    expect(found[4][0]).toBe(2);
    const far = tensor([-1e30, -1000, -90, -1, 0, 1, 90, 1000, 1e30]);
    await read(device, [sigmoid(far), tanh(far), normal([100])(key(1)), abs(far)]);
    // Where it is taken after all, it is found.
    const taken = select(less(weights, 1), div(tensor([1, 1]), weights), 0);
    expect(await findingOf(read(device, taken))).toMatchObject({ op: 'div', index: [0], value: Infinity });
  });

  it('finds what is wrong at a later step, with donated arguments', async () => {
    const step = jit(device, (x: Tensor) => mul(x, x), { donate: [0] });
    let x = await evaluate(device, tensor([10, 1]));
    const run = async () => {
      for (let i = 0; i < 10; i++) x = await step(x);
    };
    expect(await findingOf(run())).toMatchObject({ op: 'mul', index: [0], value: Infinity });
    step.close();
  });

  it('finds it in a run in stages', async () => {
    const f = jit(device, (x: Tensor) => [mul(x, 2), log(x)] as const, { staged: true });
    const run = async () => {
      for await (const part of f.stages(tensor([0, 1]))) free(part);
    };
    expect(await findingOf(run())).toMatchObject({ op: 'log', value: -Infinity });
    f.close();
  });

  it('changes no bit of a result', async () => {
    const plain = await open();
    const network = (x: Tensor) => {
      const w = sub(uniform([8, 3, 3, 4])(key(1)), 0.5);
      const y = leakyRelu(0.1)(add(conv2d(w, { padding: 1 })(x), 0.1));
      return [fetch(y), fetch(sum({ axes: [1, 2] })(sigmoid(y))), fetch(logSoftmax(reshape([2, 128])(y)))];
    };
    const x = uniform([2, 4, 4, 4])(key(2));
    expect(await jit(device, network)(x)).toEqual(await jit(plain, network)(x));
    expect(device.description).toContain('checking');
    await plain.close();
  });
});

it('lines are not looked for where no device asks for them', async () => {
  const before = openReference();
  expect(add(1, 2).line).toBeUndefined();
  const device = openReference({ check: 'finite' });
  expect(add(1, 2).line).toMatch(/finite\.test\.ts/);
  await device.close();
  await device.close();
  expect(add(1, 2).line).toBeUndefined();
  await before.close();
});
