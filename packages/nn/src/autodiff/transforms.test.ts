import {
  add,
  cast,
  evaluate,
  exp,
  fetch,
  graphOf,
  input,
  jit,
  key,
  mul,
  normal,
  type Printed,
  print,
  read,
  scalar,
  sin,
  sub,
  sum,
  type Tensor,
  tensor,
} from '@gdarknet/tensor';
import { describe, expect, test } from 'vitest';
import { type Differentiable, device, mismatches, random } from '../testing/numeric.ts';
import { checkpoint, customVjp, stopGradient } from './custom.ts';
import { grad, valueAndGrad } from './grad.ts';
import { vjp } from './vjp.ts';

const number = async (t: Tensor): Promise<number> => (await read(device, t))[0];
const cube = (x: Tensor): Tensor => mul(x, mul(x, x));

describe('grad', () => {
  test('of grad of grad', async () => {
    const x = scalar(2);
    expect(await number(grad(cube)(x))).toBe(12);
    expect(await number(grad((y: Tensor) => grad(cube)(y))(x))).toBe(12);
    expect(await number(grad((z: Tensor) => grad((y: Tensor) => grad(cube)(y))(z))(x))).toBe(6);
  });

  test('a value read from the surroundings is a constant, even the same tensor', async () => {
    const x = scalar(3);
    expect(await number(grad((y: Tensor) => mul(x, y))(x))).toBe(3);
    // d/dx [x * d/dy (x y)] = d/dx x^2: the outer variable counts inside the inner derivative.
    expect(await number(grad((a: Tensor) => mul(a, grad((b: Tensor) => mul(a, b))(a)))(x))).toBe(6);
    expect(await number(grad((a: Tensor, b: Tensor) => mul(a, mul(b, b)))(x, x))).toBe(9);
  });

  test('of trees, by chosen arguments, with values carried along', async () => {
    const p = { w: tensor([1, 2]), deep: [{ b: scalar(3) }], unused: tensor([7, 7, 7]) };
    const f = (q: typeof p, x: Tensor): [Tensor, { y: Tensor }] => {
      const y = add(mul(q.w, x), q.deep[0].b);
      return [sum()(mul(y, y)), { y }];
    };
    const [[loss, aux], [dx, dp]] = valueAndGrad(f, { argnums: [1, 0] })(p, tensor([5, -1]));
    const got = await read(device, { loss, y: aux.y, dx, dp });
    expect([...got.loss]).toEqual([65]);
    expect([...got.y]).toEqual([8, 1]);
    expect([...got.dx]).toEqual([16, 4]);
    expect([...got.dp.w]).toEqual([80, -2]);
    expect([...got.dp.deep[0].b]).toEqual([18]);
    expect([...got.dp.unused]).toEqual([0, 0, 0]);
  });

  test('on traced, stored and composed values', async () => {
    const df = grad((a: Tensor) => sum()(exp(mul(a, 2))));
    const x = tensor([0, 0.5]);
    const expected = [2, 2 * Math.E].map(Math.fround);
    const compiled = jit(device, (a: Tensor) => fetch(df(a)));
    for (const given of [x, await evaluate(device, x), sub(add(x, 1), 1)]) {
      expect([...(await read(device, df(given)))]).toEqual(expected);
      expect([...(await compiled(given))]).toEqual(expected);
    }
  });

  test('needs a scalar and an argument that exists', () => {
    expect(() => grad((a: Tensor) => a)(tensor([1, 2]))).toThrow('grad: the function must give a scalar, got [2]');
    expect(() => grad((a: Tensor) => a, { argnums: 1 })(scalar(1))).toThrow(
      'argnums must be positions among the 1 arguments, got 1',
    );
  });

  test('integers and random numbers have none', async () => {
    const f = (x: Tensor, k: Tensor) => sum()(add(mul(x, normal([2])(k)), cast('f32')(cast('i32')(x))));
    const [dx, dk] = await read(device, grad(f, { argnums: [0, 1] })(tensor([1, 2]), key(4)));
    expect([...dx]).toEqual([...(await read(device, normal([2])(key(4))))]);
    expect([...dk]).toEqual([0, 0]);
  });

  test('of an expression deeper than any call stack', async () => {
    const deep = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 50_000; i++) y = add(y, x);
      return y;
    };
    expect(await number(grad(deep)(scalar(1)))).toBe(50_001);
  });

  test('a value with two users has one cotangent, not one for each path', () => {
    // Without sharing, the work doubles with each line.
    const f = (x: Tensor): Tensor => {
      let y = x;
      for (let i = 0; i < 40; i++) y = add(sin(y), y);
      return y;
    };
    const x = input(0, []);
    expect(graphOf([grad(f)(x)], [x]).nodes.length).toBeLessThan(400);
  });
});

describe('vjp', () => {
  test('pulls back through several results', async () => {
    const { value, pullback } = vjp((a: Tensor, b: Tensor) => ({ p: mul(a, b), q: [sub(a, b)] }), scalar(2), scalar(5));
    expect(await number(value.p)).toBe(10);
    const [da, db] = await read(device, pullback({ p: scalar(1), q: [scalar(10)] }));
    expect([da[0], db[0]]).toEqual([15, -8]);
  });
  test('a cotangent must fit the value', () => {
    const { pullback } = vjp((a: Tensor) => mul(a, a), tensor([1, 2]));
    expect(() => pullback(tensor([1, 2, 3]))).toThrow('a cotangent must have the shape of its value');
    expect(() => vjp((a: Tensor) => [a, a], scalar(1)).pullback([scalar(1)])).toThrow('2 tensors and its cotangent 1');
  });
});

describe('stopGradient', () => {
  test('is a constant', async () => {
    expect(await number(grad((x: Tensor) => mul(x, stopGradient(x)))(scalar(4)))).toBe(4);
    expect(await number(stopGradient({ x: scalar(4) }).x)).toBe(4);
  });
});

describe('customVjp', () => {
  const clipped = customVjp(
    (x: Tensor) => mul(x, x),
    (dy) => [mul(dy, 100)],
  );
  test('replaces the derivative, not the value', async () => {
    expect(await number(clipped(scalar(3)))).toBe(9);
    expect(await number(grad(clipped)(scalar(3)))).toBe(100);
    expect(await number(grad((x: Tensor) => clipped(mul(x, 2)))(scalar(3)))).toBe(200);
  });

  test('with trees, several results, arguments without cotangent and without tensors', async () => {
    const f = customVjp(
      ({ a, b }: { a: Tensor; b: Tensor }, scale: number, other: Tensor) => [mul(a, scale), add(b, other), other],
      ([da, db], [, scale], [value]) => [{ a: mul(da, scale), b: mul(db, value) }, undefined, undefined],
    );
    const g = (p: { a: Tensor; b: Tensor }, other: Tensor) => {
      const [p0, p1] = f(p, 10, other);
      return add(p0, p1);
    };
    const point = { a: scalar(2), b: scalar(3) };
    const [dp, dOther] = await read(device, grad(g, { argnums: [0, 1] })(point, scalar(7)));
    expect([dp.a[0], dp.b[0], dOther[0]]).toEqual([10, 20, 0]);
    // One result unused: its cotangent arrives as zero.
    const half = await read(device, grad((p: typeof point) => f(p, 10, scalar(7))[0])(point));
    expect([half.a[0], half.b[0]]).toEqual([10, 0]);
  });

  test('its backward is differentiated by the ordinary rules', async () => {
    const square = customVjp(
      (x: Tensor) => mul(x, x),
      (dy, [x]) => [mul(dy, cube(x))],
    );
    expect(await number(grad((x: Tensor) => grad(square)(x))(scalar(2)))).toBe(12);
    const viaValue = customVjp(exp, (dy, _, y) => [mul(dy, y)]);
    const twice = grad((x: Tensor) => grad(viaValue)(x));
    expect(await number(twice(scalar(1)))).toBeCloseTo(Math.E, 6);
  });

  test('agrees with the rules when it says the same', async () => {
    const f: Differentiable = (x, y) =>
      customVjp(
        (a: Tensor, b: Tensor) => mul(sin(a), b),
        (dy, [a, b]) => vjp((p: Tensor, q: Tensor) => mul(sin(p), q), a, b).pullback(dy),
      )(x, sin(y));
    expect(await mismatches(f, [random([3], 1), random([3], 2)])).toEqual([]);
  });

  test('refuses a differentiated value that is no argument, and cotangents that do not fit', () => {
    const bad = (x: Tensor) =>
      customVjp(
        (y: Tensor) => mul(x, y),
        (dy) => [dy],
      )(scalar(1));
    expect(() => grad(bad)(scalar(2))).toThrow('reads a differentiated value that is not one of its arguments');
    const count = customVjp(
      (p: Tensor[]) => add(p[0], p[1]),
      (dy) => [[dy]],
    );
    expect(() => grad((x: Tensor) => count([x, x]))(scalar(1))).toThrow('argument 0 has 2 tensors and its cotangent 1');
    const shape = customVjp(
      (x: Tensor) => sum()(x),
      (dy) => [dy],
    );
    expect(() => grad(shape)(tensor([1, 2]))).toThrow('vjp of customVjp: a cotangent must have the shape of its value');
  });
});

describe('checkpoint', () => {
  const block = (w: Tensor, x: Tensor): Tensor => sin(mul(w, exp(x)));
  const loss = (f: typeof block) => (w: Tensor, x: Tensor) => sum()(f(w, f(w, f(w, x))));
  const [w, x] = [random([4], 1), random([4], 2)];

  test('has the same value and the same gradient', async () => {
    const plain = await read(device, valueAndGrad(loss(block), { argnums: [0, 1] })(w, x));
    const again = await read(device, valueAndGrad(loss(checkpoint(block)), { argnums: [0, 1] })(w, x));
    expect(again).toEqual(plain);
    expect(await mismatches((a, b) => loss(checkpoint(block))(a, b), [w, x])).toEqual([]);
  });

  test('computes the block again, after the cotangent has arrived', () => {
    const count = (f: typeof block) => {
      const v = [input(0, [4]), input(1, [4])] as const;
      const { nodes } = graphOf(valueAndGrad(loss(f))(...v), v);
      return nodes.filter((n) => n.op.kind === 'exp').length;
    };
    expect(count(block)).toBe(3);
    expect(count(checkpoint(block))).toBe(6);
  });
});

describe('printing', () => {
  const listener = () => {
    const lines: string[] = [];
    return { lines, to: ({ label, values }: Printed) => void lines.push(`${label} ${values.join(' ')}`) };
  };
  const layer = (to: (p: Printed) => void) => (x: Tensor, w: Tensor) => print('y', { to })(mul(mul(x, x), w));
  const loss = (f: (x: Tensor, w: Tensor) => Tensor) => (x: Tensor, w: Tensor) => sum()(mul(f(x, w), 2));
  const args = [tensor([1, 2]), tensor([3, 4])] as const;

  test.each(['jit', 'read'])('a gradient prints the value, once (%s)', async (how) => {
    const { lines, to } = listener();
    const g = grad(loss(layer(to)), { argnums: [0, 1] });
    const gradients =
      how === 'jit' ? await read(device, await jit(device, g)(...args)) : await read(device, g(...args));
    expect(gradients).toEqual([Float32Array.of(12, 32), Float32Array.of(2, 8)]);
    expect(lines).toEqual(['y 3 16']);
  });

  test('so does one whose forward pass is computed again', async () => {
    const { lines, to } = listener();
    const f = jit(device, valueAndGrad(loss(checkpoint(layer(to)))));
    const [value, gradient] = await read(device, await f(...args));
    expect([value[0], ...gradient]).toEqual([38, 12, 32]);
    expect(lines).toEqual(['y 3 16']);
    f.close();
  });

  test('so does one with a derivative of its own that computes its value again', async () => {
    const { lines, to } = listener();
    const f = layer(to);
    const custom = customVjp(f, (dy, [x, w]) => [mul(dy, mul(f(x, w), w)), undefined]);
    await jit(device, grad(loss(custom)))(...args);
    expect(lines).toEqual(['y 3 16']);
  });
});
