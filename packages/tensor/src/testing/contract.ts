/** What every device owes to programs that nobody has tried before: the value, or an error that says why there is none. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../device.ts';
import * as T from '../index.ts';
import type { Tensor } from '../tensor.ts';
import { collect } from './collect.ts';

const ramp = (...shape: number[]): Tensor =>
  T.tensor(
    Float32Array.from({ length: T.sizeOf(shape) }, (_, i) => i + 1),
    shape,
  );

/** Compiles are counted. */
const counting = (device: Device): Device & { readonly compiles: () => number } => {
  let count = 0;
  return {
    ...device,
    compile: (graph, options) => {
      count++;
      return device.compile(graph, options);
    },
    compiles: () => count,
  };
};

const captured = (get: () => Device): void => {
  const stored = (values: readonly number[]): Promise<Tensor> => T.evaluate(get(), T.add(T.tensor(values), 0));

  it('refuses a captured tensor that was freed or donated', async () => {
    const [freed, donated] = [await stored([1, 2]), await stored([3, 4])];
    const plus = (k: Tensor) => T.jit(get(), (x: Tensor) => T.fetch(T.add(x, k)));
    const [f, g] = [plus(freed), plus(donated)];
    const zero = T.tensor([0, 0]);
    expect([...(await f(zero)), ...(await g(zero))]).toEqual([1, 2, 3, 4]);
    T.free(freed);
    await T.jit(get(), (s: Tensor) => T.mul(s, 10), { donate: [0] })(donated);
    await expect(f(zero)).rejects.toThrow(/freed/);
    await expect(g(zero)).rejects.toThrow(/donated/);
    await expect(T.read(get(), T.add(freed, 1))).rejects.toThrow(/freed/);
    await expect(T.read(get(), freed)).rejects.toThrow(/freed/);
  });

  it('refuses a donated tensor that comes into the call twice', async () => {
    const k = await stored([1, 2]);
    const twice = T.jit(get(), (a: Tensor, b: Tensor) => ({ a: T.mul(a, 10), b: T.mul(b, 100) }), { donate: [0, 1] });
    await expect(twice(k, k)).rejects.toThrow(/donated tensor came into the call twice/);
    const once = T.jit(get(), (a: Tensor, b: Tensor) => T.add(T.mul(a, 10), b), { donate: [0] });
    await expect(once(k, k)).rejects.toThrow(/twice/);
    await expect(T.jit(get(), (a: Tensor) => T.add(a, k), { donate: [0] })(k)).rejects.toThrow(/twice/);
    await expect(T.jit(get(), (a: Tensor) => a, { donate: [1] })(k)).rejects.toThrow(/positions among the 1 arguments/);
    // It is still there after all that.
    expect([...(await T.read(get(), k))]).toEqual([1, 2]);
  });

  it('refuses a tensor of another device', async () => {
    const other = T.openReference();
    const foreign = await T.evaluate(other, T.tensor([1, 2]));
    await expect(T.read(get(), T.add(foreign, 1))).rejects.toThrow(/lies on .*reference device/);
    await expect(T.read(get(), foreign)).rejects.toThrow(/lies on/);
    await expect(T.jit(get(), (x: Tensor) => T.add(x, foreign))(T.tensor([1]))).rejects.toThrow(/lies on/);
    await expect(T.jit(get(), (x: Tensor) => x)(foreign)).rejects.toThrow(/lies on/);
  });

  it('keeps a tensor that only a plan refers to', async () => {
    const f = await (async () => {
      const k = await stored(new Array<number>(1000).fill(1));
      return T.jit(get(), (x: Tensor) => T.fetch(T.sum()(T.add(x, k))));
    })();
    await f(T.tensor([0]));
    for (let i = 0; i < 20; i++) {
      collect();
      await new Promise((done) => setTimeout(done, 0));
      await stored(new Array<number>(1000).fill(7));
    }
    expect(await f(T.tensor([0]))).toEqual(Float32Array.of(1000));
  });

  it('refuses an argument of a traced function outside of it', async () => {
    let leaked: Tensor | undefined;
    await T.jit(get(), (x: Tensor) => {
      leaked = T.add(x, 1);
      return x;
    })(T.tensor([1]));
    await expect(T.read(get(), leaked)).rejects.toThrow(/argument of a traced function/);
    await expect(T.jit(get(), (x: Tensor) => T.add(x, leaked as Tensor))(T.tensor([5]))).rejects.toThrow(/another one/);
  });
};

const staticArguments = (get: () => Device): void => {
  it('has a plan for each static argument, exactly', async () => {
    const four = T.tensor([4]);
    const apply = T.jit(get(), (x: Tensor, f: (x: Tensor) => Tensor) => T.fetch(f(x)));
    expect([...(await apply(four, T.neg)), ...(await apply(four, T.sqrt)), ...(await apply(four, T.neg))]).toEqual([
      -4, 2, -4,
    ]);
    const quotient = T.jit(get(), (x: Tensor, c: number) => T.fetch(T.div(x, c)));
    const quotients: number[] = [];
    for (const c of [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 2])
      quotients.push((await quotient(four, c))[0]);
    expect(quotients).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, Number.NaN, 2]);
    const padded = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 0].map((value) =>
      T.pad([1], [0], { value })(four),
    );
    const edges = (await T.read(get(), padded)).map(([edge]) => edge);
    expect(edges).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 0]);
    const pick = T.jit(get(), (x: Tensor, how: unknown) =>
      T.fetch(T.mul(x, how === undefined ? 1 : how === null ? 2 : 3)),
    );
    const picked: number[] = [];
    for (const how of [undefined, null, 'null', 'undefined']) picked.push((await pick(four, how))[0]);
    expect(picked).toEqual([4, 8, 12, 12]);
  });

  it('keeps the class of an argument, and tells apart objects without tensors', async () => {
    class Scale {
      readonly #by: number;
      constructor(by: number) {
        this.#by = by;
      }
      of(x: Tensor): Tensor {
        return T.mul(x, this.#by);
      }
    }
    class Layer {
      readonly w: Tensor;
      constructor(w: Tensor) {
        this.w = w;
      }
      of(x: Tensor): Tensor {
        return T.mul(x, this.w);
      }
    }
    const f = T.jit(get(), (x: Tensor, how: Scale | Layer) => T.fetch(how.of(x)));
    const found: number[] = [];
    for (const how of [new Scale(2), new Scale(3), new Layer(T.tensor([5])), new Layer(T.tensor([6]))])
      found.push((await f(T.tensor([1]), how))[0]);
    expect(found).toEqual([2, 3, 5, 6]);
  });

  it('makes two plans for fifty rates, and is right for each', async () => {
    const device = counting(get());
    const step = T.jit(device, (w: Tensor, { rate }: { rate: number }) =>
      T.fetch(T.sub(w, T.mul(T.mul(w, 1 - rate), rate))),
    );
    for (let i = 0; i < 50; i++) {
      const rate = (i + 3) / 128;
      expect((await step(T.tensor([2]), { rate }))[0]).toBe(Math.fround(2 - 2 * (1 - rate) * rate));
    }
    expect(device.compiles()).toBe(2);
    // A number that changes the graph is a plan of its own, and so is one that decides.
    const power = T.jit(device, (x: Tensor, n: number) => {
      let y = x;
      for (let i = 1; i < n; i++) y = T.mul(y, x);
      return T.fetch(y);
    });
    for (const n of [1, 2, 3, 4, 3, 2]) expect((await power(T.tensor([3]), n))[0]).toBe(3 ** n);
  });

  it('keeps a bounded number of plans', async () => {
    let open = 0;
    const device: Device = {
      ...get(),
      compile: async (graph, options) => {
        const executable = await get().compile(graph, options);
        open++;
        return {
          ...executable,
          close: () => {
            open--;
            executable.close();
          },
        };
      },
    };
    const f = T.jit(device, (x: Tensor) => T.fetch(T.add(x, 1)), { plans: 3 });
    for (let n = 1; n <= 8; n++) expect((await f(ramp(n)))[n - 1]).toBe(n + 1);
    expect(open).toBe(3);
    expect((await f(ramp(1)))[0]).toBe(2);
    f.close();
    expect(open).toBe(0);
  });
};

const shapes = (get: () => Device, long: boolean): void => {
  const value = async (t: Tensor): Promise<number[]> => [...(await T.read(get(), t))];

  it('pads what was cropped', async () => {
    const x = ramp(8);
    expect(await value(T.pad([1], [0])(T.slice([5], [8])(T.mul(x, 2))))).toEqual([0, 12, 14, 16]);
    const image = T.slice([0, 2, 2, 0], [1, 4, 4, 2])(T.mul(ramp(1, 4, 4, 2), 2));
    const framed = T.pad([0, 1, 0, 0], [0, 0, 1, 0], { value: -1 })(image);
    expect(await value(framed)).toEqual([-1, -1, -1, -1, -1, -1, 42, 44, 46, 48, -1, -1, 58, 60, 62, 64, -1, -1]);
  });

  it('adds an epilogue to every row of a product, with a batch of one too', async () => {
    const reference = T.openReference();
    const wrong: unknown[] = [];
    for (const [batch, m, k, n] of [
      [1, 3, 3, 1],
      [1, 3, 1, 1],
      [1, 1, 3, 3],
      [2, 2, 3, 2],
      [1, 3, 3, 3],
      [1, 9, 2, 5],
    ]) {
      for (const addend of [[n], [m, 1], [1, 1, 1], [batch, m, 1], [batch, 1, n], [batch, m, n]])
        for (const transposeA of [false, true])
          for (const transposeB of [false, true]) {
            const a = ramp(batch, ...(transposeA ? [k, m] : [m, k]));
            const b = ramp(batch, ...(transposeB ? [n, k] : [k, n]));
            const sum = T.add(T.matmul(a, b, { transposeA, transposeB }), ramp(...addend));
            const [found, right] = [await T.read(get(), sum), await T.read(reference, sum)];
            if (String(found) !== String(right)) wrong.push({ batch, m, k, n, addend, transposeA, transposeB });
          }
    }
    expect(wrong).toEqual([]);
  });

  it('finishes a product in integers', async () => {
    const product = T.matmul(ramp(2, 2), ramp(2, 2));
    expect(await value(T.add(T.cast('i32')(T.mul(product, 0.5)), 1))).toEqual([4, 6, 8, 12]);
    const image = T.conv2d(ramp(1, 1, 1, 2))(ramp(1, 1, 2, 2));
    expect(await value(T.cast('u32')(T.sub(image, 6)))).toEqual([0, 5]);
  });

  it('has no limit to the length of one axis but memory', async () => {
    const length = 70_003;
    const expected = Array.from({ length }, (_, i) => i % 7);
    const along = (...shape: number[]) => T.tensor(Float32Array.from(expected), shape);
    const one = T.tensor([1], [1, 1]);
    const products = [
      T.matmul(along(length, 1, 1), T.ones([length, 1, 1])),
      T.matmul(along(length, 1), one),
      T.matmul(one, along(1, length)),
      T.conv2d(T.ones([1, 1, 1, 1]))(along(length, 1, 1, 1)),
      T.conv2d(along(length, 1, 1, 1), { groups: length })(T.ones([1, 1, 1, length])),
      T.maxPool2d({ size: 1 })(along(length, 1, 1, 1)),
      T.sum({ axes: [1] })(along(length, 1)),
      T.gather(T.iota([length], 0, 'i32'))(along(length)),
    ];
    for (const found of await T.read(get(), products)) expect([...found]).toEqual(expected);
  });

  it('hands NaN on through a maximum with a multiple', async () => {
    const x = T.tensor([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -2, 3]);
    expect(await value(T.leakyRelu(0)(x))).toEqual([Number.NaN, Number.NaN, -0, 3]);
    expect(await value(T.leakyRelu(0.5)(x))).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -1, 3]);
  });

  it('folds over nothing as NumPy does', async () => {
    const none = (...shape: number[]) => T.tensor([], shape);
    expect(await value(T.sum({ axes: [0] })(none(0, 3)))).toEqual([0, 0, 0]);
    expect(await value(T.sum()(none(0, 3)))).toEqual([0]);
    expect(await value(T.mean()(none(0)))).toEqual([Number.NaN]);
    expect(await value(T.moments(none(0, 2)))).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    expect(await value(T.add(T.matmul(none(2, 0), none(0, 3)), T.tensor([1, 2, 3])))).toEqual([1, 2, 3, 1, 2, 3]);
    expect(await value(T.matmul(none(2, 2, 0), none(2, 0, 1)))).toEqual([0, 0, 0, 0]);
    expect(await value(T.conv2d(none(1, 1, 1, 0))(none(1, 2, 1, 0)))).toEqual([0, 0]);
    expect(await value(T.conv2dFilter(none(0, 2, 2, 1), none(0, 2, 2, 1), [1, 1, 1, 1]))).toEqual([0]);
    expect(await value(T.conv2dInput(none(0, 1, 1, 2), [1, 1, 1, 2])(none(1, 1, 1, 0)))).toEqual([0, 0]);
    expect(await value(T.scatterAdd(T.tensor(Int32Array.of()), 2)(none(0, 2)))).toEqual([0, 0, 0, 0]);
    expect(await value(T.gather(T.tensor(Int32Array.of(0, 3)))(none(0, 2)))).toEqual([0, 0, 0, 0]);
    expect(await value(T.pad([1, 0], [1, 0])(none(0, 2)))).toEqual([0, 0, 0, 0]);
    expect(await value(T.concat(0)([none(0, 2), T.mul(ramp(1, 2), 2), none(0, 2)]))).toEqual([2, 4]);
    for (const empty of [
      T.exp(none(0, 3)),
      T.max({ axes: [1] })(none(0, 3)),
      T.softmax(none(0, 3)),
      T.matmul(none(0, 2), ramp(2, 3)),
      T.conv2d(ramp(1, 1, 1, 1))(none(0, 2, 2, 1)),
      T.maxPool2d({ size: 2 })(none(0, 2, 2, 1)),
      T.transpose([1, 0])(none(0, 3)),
      T.reshape([0, 5])(none(0, 3)),
      T.slice([1, 0], [1, 3])(ramp(2, 3)),
      T.gather(T.tensor(Int32Array.of()))(ramp(2, 3)),
      T.uniform([0, 3])(T.key(1)),
      T.iota([0, 2], 1),
    ])
      expect(await value(empty)).toEqual([]);
    expect(() => T.max()(none(0, 3))).toThrow(/nothing has no largest value/);
    // The device is as it was.
    expect(await value(T.matmul(ramp(2, 2), ramp(2, 2)))).toEqual([7, 10, 15, 22]);
  });

  it.skipIf(!long)('computes products with a long inner axis, and takes no more memory the second time', async () => {
    for (const [m, k, n] of [
      [1, 60_000, 1],
      [64, 40_000, 64],
      [2, 300_000, 3],
    ]) {
      // Whole numbers below 2^24 in every partial sum: exact in any order.
      const a = T.tensor(new Float32Array(m * k).fill(1), [m, k]);
      const b = T.tensor(new Float32Array(n * k).fill(2), [n, k]);
      const product = T.matmul(a, b, { transposeB: true });
      const first = await T.read(get(), product);
      expect(first.every((x) => x === 2 * k)).toBe(true);
      const taken = get().memory?.();
      await T.read(get(), product);
      expect(get().memory?.()).toBe(taken);
    }
    const channels = 200_000;
    const wide = T.conv2d(T.tensor(new Float32Array(channels).fill(1), [1, 1, 1, channels]))(
      T.tensor(new Float32Array(channels).fill(1), [1, 1, 1, channels]),
    );
    expect(await value(wide)).toEqual([channels]);
  });

  it.skipIf(!long)('is as deep as the reference', async () => {
    let y = ramp(2);
    let expected = [1, 2].map(Math.fround);
    for (let i = 0; i < 3000; i++) {
      y = i % 2 === 0 ? T.mul(y, 0.5) : T.abs(T.sub(1, y));
      expected = expected.map((v) => Math.fround(i % 2 === 0 ? v * 0.5 : Math.abs(1 - v)));
    }
    expect(await value(y)).toEqual(expected);
    let moved = ramp(6, 4);
    for (let i = 0; i < 1500; i++) moved = T.reshape([6, 4])(T.transpose([1, 0])(moved));
    expect(await value(moved)).toEqual([...(await T.read(T.openReference(), moved))]);
  });
};

/** `long`: also what is slow on an adapter that is emulated. */
export const contract = (name: string, open: () => Promise<Device>, long = true): void => {
  describe(`${name}: the value or an error`, () => {
    let device: Device;
    const get = () => device;
    beforeAll(async () => {
      device = await open();
    });
    afterAll(() => device.close());

    captured(get);
    staticArguments(get);
    shapes(get, long);

    it('refuses a function that gives a promise, and arguments that hold tensors where they are not seen', async () => {
      const later = T.jit(device, async (x: Tensor) => T.fetch(x));
      await expect(later(T.tensor([1]))).rejects.toThrow(/gives a promise/);
      const f = T.jit(device, (x: Tensor, _: unknown) => x);
      await expect(f(T.tensor([1]), Promise.resolve(T.tensor([1])))).rejects.toThrow(/got a promise/);
      await expect(f(T.tensor([1]), new Map([['w', T.tensor([1])]]))).rejects.toThrow(/a Map with tensors/);
    });

    it('refuses work once it is closed, and another one opens', async () => {
      const own = await open();
      const x = await T.evaluate(own, T.add(T.tensor([1]), 1));
      const f = T.jit(own, (a: Tensor) => T.add(a, 1));
      await f(x);
      await own.close();
      await own.close();
      await expect(f(x)).rejects.toThrow(/was closed/);
      await expect(T.read(own, x)).rejects.toThrow(/was closed/);
      await expect(T.evaluate(own, T.tensor([1]))).rejects.toMatchObject({ name: 'DeviceClosedError' });
      T.free(x);
      const next = await open();
      expect([...(await T.read(next, T.add(T.tensor([1]), 1)))]).toEqual([2]);
      await next.close();
    });
  });
};
