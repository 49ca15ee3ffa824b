/** Options and arguments that nn does not take: typed errors that name function and option. */
import { ArgumentError, key, openReference, read, ShapeError, scalar, type Tensor, tensor } from '@gdarknet/tensor';
import { afterAll, expect, it } from 'vitest';
import * as N from './index.ts';

const device = openReference();
afterAll(() => device.close());

type Loose = Record<string, (...args: unknown[]) => unknown>;
const loose = N as unknown as Loose;

const refused: readonly (readonly [name: string, argument: string, args: readonly unknown[], message: RegExp])[] = [
  ['convolution', 'filter', [{ filter: 3, size: 3 }], /no option "filter"; did you mean "filters"\?/],
  ['convolution', 'size', [{ filters: 3 }], /it has no default/],
  ['convolution', 'stride', [{ filters: 3, size: 3, stride: 0 }], /at least 1/],
  ['convolution', 'activation', [{ filters: 3, size: 3, activation: 'leakey' }], /did you mean "leaky"\?/],
  ['convolution', 'batchNorm', [{ filters: 3, size: 3, batchNorm: true }], /false or one of "cudnn"/],
  ['connected', 'outputs', [{ outputs: 2.5 }], /whole number/],
  ['batchNorm', 'convention', [{ convention: 'torch' }], /one of "cudnn"/],
  ['maxPool', 'kernel', [{ kernel: 2 }], /did you mean "size"\?/],
  ['softmax', 'temprature', [{ temprature: 2 }], /did you mean "temperature"\?/],
  ['dropout', 'probability', [{ probability: 1 }], /a number in \[0, 1\)/],
  ['dropout', 'rate', [{ rate: 0.1 }], /no option "rate"/],
  ['upsample', 'factor', [{ factor: 2 }], /no option "factor"/],
  ['shortcut', 'alpha', [{ alpha: '1' }], /a number/],
  ['cost', 'the kind', ['mse'], /did you mean "sse"\?/],
  ['cost', 'mask', ['sse', { mask: true }], /did you mean "masked"\?/],
  ['activate', 'the name', ['reul'], /did you mean "relu"\?/],
  ['sgd', 'batch', [{}], /it has no default/],
  ['sgd', 'weight_decay', [{ batch: 1, weight_decay: 0 }], /did you mean "decay"\?/],
  ['adam', 'beta_1', [{ beta_1: 0.9 }], /did you mean "beta1"\?/],
  ['adam', 'beta2', [{ beta2: 1 }], /\[0, 1\)/],
  ['darknetAdam', 'decays', [{ batch: 1, decays: () => true }], /no option "decays"/],
  ['exponentialAverage', 'decay', [2], /from 0 to 1/],
  ['clipByNorm', 'limit', [0], /above 0/],
  ['globalNorm', 'tree', [{}], /without any/],
  ['grad', 'argnum', [(x: Tensor) => x, { argnum: 0 }], /did you mean "argnums"\?/],
  ['grad', 'f', [tensor([1])], /a function/],
];

it.each(refused)('%s: %s', (name, argument, args, message) => {
  let error: unknown;
  try {
    loose[name](...args);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ArgumentError);
  expect(error).toMatchObject({ op: name, argument, message: expect.stringMatching(message) });
});

it('a function to differentiate gives one f32 value', () => {
  const of = (f: (x: Tensor) => unknown) => () => N.grad(f as (x: Tensor) => Tensor)(scalar(1));
  expect(of(() => undefined)).toThrow(/the value of the function must be a tensor, got undefined/);
  expect(of(async (x) => x)).toThrow(/await it first/);
  expect(of(() => scalar(1, 'i32'))).toThrow(/an f32 tensor/);
  expect(of(() => tensor([1, 2]))).toThrow(ShapeError);
});

it('options that are undefined are not given', async () => {
  const { params, state } = N.convolution({ filters: 1, size: 1, stride: undefined } as never).init(
    key(1),
    [1, 2, 2, 1],
  );
  expect(await read(device, [params.weights, params.biases])).toHaveLength(2);
  expect(state).toEqual({});
});
