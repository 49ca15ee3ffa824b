/** What callers without a compiler hand in: a typed error that names operation and argument, or what is written. */
import { afterAll, describe, expect, it } from 'vitest';
import * as T from './index.ts';

type Loose = Record<string, (...args: unknown[]) => unknown>;
const loose = T as unknown as Loose;
/** Calls by name, through curried functions as long as there are argument lists. */
const call = (name: string, ...lists: readonly unknown[][]): unknown =>
  lists.reduce<unknown>((f, args) => (f as (...a: unknown[]) => unknown)(...args), loose[name]);

const device = T.openReference();
afterAll(() => device.close());
const x = T.tensor([
  [1, 2],
  [3, 4],
]);
const image = T.ones([1, 2, 2, 1]);
const filter = T.ones([1, 1, 1, 1]);
const whole = T.tensor(Int32Array.of(1, 2, 3, 4), [1, 2, 2, 1]);
const caught = (f: () => unknown): unknown => {
  try {
    f();
  } catch (error) {
    return error;
  }
  return undefined;
};

type Refused = readonly [what: string, op: string, argument: string, lists: readonly unknown[][], message?: RegExp];
const refused: readonly Refused[] = [
  ['an unknown option', 'conv2d', 'dilation', [[filter, { dilation: 2 }]], /no option "dilation"; there are "stride"/],
  ['a slip in an option', 'sum', 'axis', [[{ axis: 0 }]], /did you mean "axes"\?/],
  ["another library's name", 'max', 'keepdims', [[{ keepdims: true }]], /did you mean "keep"\?/],
  ['a slip in pooling', 'maxPool2d', 'kernelSize', [[{ kernelSize: 2 }]], /did you mean "size"\?/],
  ['a slip in matmul', 'matmul', 'transpose_a', [[x, x, { transpose_a: true }]], /"transposeA"\?/],
  ['a slip in pad', 'pad', 'constant_values', [[[0, 0], [1, 1], { constant_values: 1 }]], /"value"\?/],
  ['an option of another type', 'sum', 'keep', [[{ keep: 1 }]], /true or false, got 1/],
  ['a tensor for options', 'sum', 'options', [[x]], /the options come first/],
  ['null for options', 'mean', 'options', [[null]]],
  ['an option that is missing', 'maxPool2d', 'size', [[{}]], /it has no default/],
  ['axes as a number', 'sum', 'axes', [[{ axes: 0 }]], /an array of/],
  ['half an axis', 'max', 'axes', [[{ axes: [0.5] }]]],
  ['an axis twice', 'sum', 'axes', [[{ axes: [0, -2] }], [x]], /that differ/],
  ['stride 0', 'conv2d', 'stride', [[filter, { stride: 0 }], [image]], /at least 1.*got 0/],
  ['half a stride', 'conv2d', 'stride', [[filter, { stride: [1, 1.5] }], [image]]],
  ['negative padding', 'conv2d', 'padding', [[filter, { padding: -1 }], [image]]],
  ['three sides', 'conv2d', 'padding', [[filter, { padding: [1, 1, 1] }], [image]]],
  ['no groups', 'conv2d', 'groups', [[filter, { groups: 0 }], [image]]],
  ['an integer image', 'conv2d', 'x', [[filter], [whole]], /an f32 tensor, got an i32 tensor \[1, 2, 2, 1\]; use cast/],
  ['an integer filter', 'conv2d', 'filter', [[whole], [image]]],
  ['an integer gradient', 'conv2dInput', 'dy', [[filter, [1, 2, 2, 1]], [whole]]],
  ['an integer gradient', 'conv2dFilter', 'dy', [[image, whole, [1, 1, 1, 1]]]],
  ['integers in pooling', 'maxPool2d', 'x', [[{ size: 2 }], [whole]]],
  ['an integer gradient', 'maxPool2dGrad', 'dy', [[whole, { size: 1 }], [image]]],
  ['integers in a product', 'matmul', 'b', [[x, T.reshape([2, 2])(whole)]]],
  ['integers in exp', 'exp', 'x', [[whole]]],
  ['integers in softmax', 'softmax', 'x', [[whole]]],
  ['an integer condition', 'select', 'the condition', [[whole, 1, 2]]],
  ['indices in f32', 'gather', 'indices', [[T.tensor([0])], [x]]],
  ['indices in f32', 'scatterAdd', 'indices', [[T.tensor([0, 1]), 2], [x]]],
  ['half a size', 'scatterAdd', 'size', [[T.tensor(Int32Array.of(0)), 2.5]]],
  ['half a dimension', 'zeros', 'dimension 0 of shape', [[[2.5]]], /got 2.5/],
  ['a dimension below 0', 'ones', 'dimension 1 of shape', [[[2, -1]]]],
  ['a number for a shape', 'uniform', 'shape', [[3]], /write \[3\]/],
  ['half a dimension', 'reshape', 'dimension 0 of shape', [[[0.5, 8]]]],
  ['two open dimensions', 'reshape', 'shape', [[[-1, -1]]]],
  [
    'half a bound',
    'slice',
    'dimension 1 of start',
    [
      [
        [0, 0.5],
        [1, 1],
      ],
    ],
  ],
  ['a step of 0', 'slice', 'dimension 0 of step', [[[0], [1], [0]]]],
  ['half an axis', 'iota', 'axis', [[[3], 0.5]]],
  ['another dtype', 'iota', 'dtype', [[[3], 0, 'f16']]],
  ['another dtype', 'cast', 'dtype', [['float32']], /one of "f32", "i32", "u32"/],
  ['half a factor', 'upsample2d', 'factor', [[1.5]]],
  ['bounds the wrong way', 'clamp', 'lo', [[2, 1]]],
  ['a slope above 1', 'leakyRelu', 'slope', [[2]]],
  ['a fraction meets integers', 'add', 'b', [[whole, 1.7]], /whole number.*cast\('f32'\)/],
  ['a negative meets u32', 'add', 'b', [[T.key(1), -1]]],
  ['NaN meets integers', 'maximum', 'a', [[Number.NaN, whole]]],
  ['a fraction in a pad of integers', 'pad', 'value', [[[0, 0, 0, 0], [0, 0, 0, 1], { value: 0.5 }], [whole]]],
  ['two dtypes', 'mul', 'b', [[x, T.key(1)]], /of the dtype of a, f32/],
  ['two dtypes', 'concat', 'part 1', [[0], [[T.tensor([1]), T.tensor(Int32Array.of(1))]]]],
  ['nothing', 'exp', 'x', [[undefined]]],
  ['a text', 'add', 'b', [[x, '1']], /the text "1"/],
  ['a promise', 'add', 'a', [[Promise.resolve(x), x]], /await it first/],
  ['a fetched array', 'mul', 'b', [[x, Float32Array.of(1)]], /a Float32Array; make it one with tensor/],
  ['a mark of jit', 'mul', 'a', [[T.fetch(x), x]], /mark results of jit/],
  ['an operation that waits for its tensor', 'add', 'a', [[T.sum(), x]], /called twice/],
  ['a fraction for a seed', 'key', 'seed', [[1.5]]],
  ['a seed below 0', 'key', 'seed', [[-1]]],
  ['NaN for a seed', 'key', 'seed', [[Number.NaN]]],
  ['a seed that a number does not hold', 'key', 'seed', [[2 ** 53]]],
  ['half a key', 'splitKey', 'count', [[1.5]]],
  ['a seed for a key', 'normal', 'the key', [[[2]], [3]]],
  ['f32 words for a key', 'uniform', 'the key', [[[2]], [T.tensor([1, 2])]]],
  ['ragged rows', 'tensor', 'element [1] of the data', [[[[1, 2], [3]]]], /an array of 2 like its neighbours/],
  ['a number among rows', 'tensor', 'element [1] of the data', [[[[1], 2]]]],
  ['a row among numbers', 'tensor', 'element [1] of the data', [[[1, [2]]]]],
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
  ['a hole', 'tensor', 'element [1] of the data', [[[1, , 3]]], /got undefined/],
  ['a boolean', 'tensor', 'element [0][1] of the data', [[[[1, true]]]], /write 1 and 0/],
  ['a text', 'tensor', 'data', [['12']]],
  ['a number', 'tensor', 'data', [[5]], /scalar/],
  ['big integers', 'tensor', 'data', [[BigInt64Array.of(1n)]]],
  ['bytes without a type', 'tensor', 'data', [[new DataView(new ArrayBuffer(8))]]],
  ['a set', 'tensor', 'data', [[new Set([1])]], /\[\.\.\.data\]/],
  ['a promise', 'tensor', 'data', [[Promise.resolve([1])]], /await it first/],
  ['half a dimension', 'tensor', 'dimension 0 of shape', [[[1, 2], [1.5]]]],
  ['a fraction as an integer', 'scalar', 'the value', [[2.5, 'i32']]],
];

describe('refused with operation and argument', () => {
  it.each(refused)('%s: %s, %s', (...row: readonly unknown[]) => {
    const [, op, argument, lists, message = /./] = row as unknown as Refused;
    const error = caught(() => call(op, ...lists));
    expect(error).toBeInstanceOf(T.ArgumentError);
    expect(error).toBeInstanceOf(T.TensorError);
    expect(error).toMatchObject({ name: 'ArgumentError', op, argument });
    expect(String(error)).toMatch(message);
  });

  it('shapes that do not fit are of the same family', () => {
    const error = caught(() => T.conv2d(T.ones([1, 1, 1, 3]))(image));
    expect(error).toBeInstanceOf(T.ShapeError);
    expect(error).toBeInstanceOf(T.TensorError);
    expect(error).toMatchObject({
      op: 'conv2d',
      shapes: [
        [1, 2, 2, 1],
        [1, 1, 1, 3],
      ],
    });
  });

  it.each([
    ['openDevice', () => T.openDevice('auto', { thread: 1 } as object), /no option "thread"; did you mean "threads"/],
    ['openDevice', () => T.openDevice('wasn' as 'wasm'), /did you mean "wasm"/],
    ['openWasm', () => T.openWasm({ threads: 1.5 }), /threads must be a whole number/],
    ['openWasm', () => T.openWasm({ precision: 'f16' } as object), /no option "precision"/],
    ['openDevice', () => T.openDevice('reference', { precision: 'f8' as 'f16' }), /one of "f32", "f16"/],
  ])('options of a device: %s %#', async (op, open, message) => {
    await expect(open()).rejects.toMatchObject({ name: 'ArgumentError', op, message: expect.stringMatching(message) });
  });

  it('the stack begins with the name', () => {
    expect((caught(() => T.zeros([0.5])) as Error).stack).toMatch(/^ArgumentError: zeros: /);
    expect((caught(() => T.conv2d(filter)(x)) as Error).stack).toMatch(/^ShapeError: conv2d: /);
  });

  it('the stack begins at the line of the caller, for curried operations and inside of functions, too', () => {
    const first = (f: () => unknown) => (caught(f) as Error).stack?.split('\n').find((line) => /^\s+at /.test(line));
    const here = /check\.test\.ts/;
    expect(first(() => T.zeros([0.5]))).toMatch(here);
    expect(first(() => T.softmax(T.mul(whole, 2)))).toMatch(here);
    expect(first(() => T.conv2d(filter)(x))).toMatch(here);
  });
});

describe('the dtype of what tensor takes', () => {
  const rule: readonly [T.TensorData, T.DType][] = [
    [[1.5, 2], 'f32'],
    [Float32Array.of(1.5), 'f32'],
    [Float64Array.of(1.5, 1e300), 'f32'],
    [Int32Array.of(-1), 'i32'],
    [Int16Array.of(-1), 'i32'],
    [Int8Array.of(-1), 'i32'],
    [Uint32Array.of(4e9), 'u32'],
    [Uint16Array.of(65535), 'u32'],
    [Uint8Array.of(255), 'u32'],
    [Uint8ClampedArray.of(255), 'u32'],
  ];
  it.each(rule)('%o', async (data, dtype) => {
    const t = T.tensor(data);
    expect(t.dtype).toBe(dtype);
    const read = await T.read(device, t);
    expect([...read]).toEqual([...(data as number[])].map((v) => (dtype === 'f32' ? Math.fround(v) : v)));
  });

  it('Float16Array, where the engine has it, is f32', () => {
    const { Float16Array: Half } = globalThis as unknown as { Float16Array?: new (values: number[]) => Float32Array };
    if (Half !== undefined) expect(T.tensor(new Half([1.5, 0.1]))).toMatchObject({ dtype: 'f32', shape: [2] });
  });

  it('nested arrays have their lengths as the shape', async () => {
    const nested = T.tensor([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    expect(nested.shape).toEqual([1, 2, 3]);
    expect([...(await T.read(device, nested))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(T.tensor([[], []]).shape).toEqual([2, 0]);
    expect(
      T.tensor(
        [
          [1, 2],
          [3, 4],
        ],
        [4],
      ).shape,
    ).toEqual([4]);
  });

  it('a shape that is changed afterwards changes no tensor', () => {
    const shape = [2, 2];
    const made = [
      T.tensor([1, 2, 3, 4], shape),
      T.zeros(shape),
      T.reshape(shape)(T.zeros([4])),
      T.uniform(shape)(T.key(1)),
    ];
    shape[0] = 9;
    expect(made.map((t) => t.shape)).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
  });
});

describe('integers', () => {
  it('the mean of integers is f32', async () => {
    const mean = T.mean()(T.tensor(Int32Array.of(1, 2, 4)));
    expect(mean.dtype).toBe('f32');
    expect((await T.read(device, mean))[0]).toBeCloseTo(7 / 3, 6);
  });
  it('whole numbers within range meet them', async () => {
    const i = T.tensor(Int32Array.of(1, 2 ** 31 - 1));
    expect([...(await T.read(device, T.add(i, 1)))]).toEqual([2, -(2 ** 31)]);
  });
});

describe('devices and jit', () => {
  const f = (a: T.Tensor) => T.mul(a, 2);
  it.each([
    ['read', 'device', () => T.read(x as never, x), /read\(device/],
    ['evaluate', 'device', () => T.evaluate(T.openDevice('reference') as never, x), /await it first/],
    ['jit', 'device', async () => T.jit(f as never, f), /a function/],
    ['jit', 'the function', async () => T.jit(device, x as never), /a function, got an f32 tensor/],
    ['jit', 'donated', async () => T.jit(device, f, { donated: [0] } as object), /did you mean "donate"/],
    ['jit', 'donate', async () => T.jit(device, f, { donate: 0 } as object), /an array/],
    ['jit', 'staged', async () => T.jit(device, f, { staged: 1 } as object), /true or false/],
    ['jit', 'donate', () => T.jit(device, f, { donate: [1] })(x), /positions among the 1 arguments/],
  ])('%s: %s %#', async (op, argument, run, message) => {
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'ArgumentError', op, argument, message: expect.stringMatching(message) });
  });
  it('a function that gives a promise is refused', async () => {
    await expect(T.jit(device, async (a: T.Tensor) => f(a))(x)).rejects.toThrow(T.TensorError);
  });
});

describe('trees', () => {
  it('a Map or Set with tensors is refused; others, and what is no record, stay what they are', () => {
    expect(() => T.leavesOf(new Set([x]))).toThrow(/a Set with tensors/);
    expect(() => T.leavesOf({ model: new Map([['w', x]]) })).toThrow(/a Map with tensors/);
    expect(T.leavesOf(new Map([['w', 1]]))).toEqual([]);
    const when = new Date(0);
    const tree = T.mapTree<{ when: Date; w: T.Tensor; data: Float32Array }>(
      { when, w: x, data: Float32Array.of(1) },
      (t) => t,
    );
    expect(tree.when).toBe(when);
    expect(tree.data).toEqual(Float32Array.of(1));
  });
});
