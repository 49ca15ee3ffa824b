/**
 * Wrong programs: what a caller without a compiler may write. Each is refused by an error that names what is wrong, or does
 * what it says; a number that is neither is a failure.
 */

import * as nn from '../../packages/nn/src/index.ts';
import type { Device, HostArray } from '../../packages/tensor/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import type { Verdict } from './judge.ts';
import type { DeviceKey } from './program.ts';
import type { Random } from './random.ts';

/** Code for `d`, an open device, and `other`, which opens another; its value is a typed array or several. */
export type Misuse = {
  readonly name: string;
  readonly code: string;
  /** Words of which the error must hold at least one of each group. */
  readonly names: readonly string[];
  /** The values that are right, too, where it need not be refused. */
  readonly or?: readonly (readonly number[])[];
};

type Make = (r: Random) => Omit<Misuse, 'name'>;

const list = (n: number, value: number): string => `tensor(new Float32Array(${n}).fill(${value}))`;
const many = (n: number, value: number): number[] => new Array<number>(n).fill(value);
const kept = (n: number, value: number): string => `await evaluate(d, add(${list(n, value)}, 0))`;
/** Other values where freed memory may lie. */
const garbage = (n: number): string => `for (let i = 0; i < 8; i++) await evaluate(d, add(${list(n, 7)}, 0));`;
const size = (r: Random): number => r.pick([1, 2, 3, 16, 17, 100, 1000]);

const image = (r: Random, value = 'ones'): string =>
  `${value}([${r.whole(1, 2)}, ${r.whole(2, 4)}, ${r.whole(2, 4)}, 1])`;
const otherArrays = [
  'Float64Array',
  'Uint8Array',
  'Int8Array',
  'Int16Array',
  'Uint16Array',
  'Uint8ClampedArray',
  'BigInt64Array',
] as const;

export const misuses: { readonly [name: string]: Make } = {
  'captured, then freed': (r) => {
    const n = size(r);
    const second = 'await f(tensor([1]))';
    return {
      code: `const k = ${kept(n, 1)}; const f = jit(d, (x) => fetch(mul(x, k))); await f(tensor([1])); free(k); ${garbage(n)} return ${second};`,
      names: ['freed', 'donated', 'gone'],
      or: [many(n, 1)],
    };
  },
  'captured, then donated': (r) => {
    const n = size(r);
    return {
      code: `const k = ${kept(n, 1)}; const f = jit(d, (x) => fetch(add(x, k))); await f(tensor([0])); await jit(d, (s) => mul(s, 10), { donate: [0] })(k); ${garbage(n)} return await f(tensor([0]));`,
      names: ['freed', 'donated', 'gone'],
      or: [many(n, 1)],
    };
  },
  'captured by a plan under way, donated by its own call': (r) => {
    const n = size(r);
    return {
      code: `const k = ${kept(n, 1)}; const f = jit(d, (x) => ({ a: mul(x, 10), b: add(x, k) }), { donate: [0] }); const r = await f(k); return [await read(d, r.a), await read(d, r.b)];`,
      names: ['freed', 'donated', 'gone', 'captured'],
      or: [many(n, 10), many(n, 2)],
    };
  },
  'one tensor donated twice': (r) => {
    const n = size(r);
    return {
      code: `const k = ${kept(n, 1)}; const r = await jit(d, (a, b) => ({ a: mul(a, 10), b: mul(b, 100) }), { donate: [0, 1] })(k, k); return [await read(d, r.a), await read(d, r.b)];`,
      names: ['twice', 'donate', 'two'],
      or: [many(n, 10), many(n, 100)],
    };
  },
  'one tensor donated and also given': (r) => {
    const n = size(r);
    return {
      code: `const k = ${kept(n, 1)}; const r = await jit(d, (a, b) => ({ a: mul(a, 10), b: add(a, b) }), { donate: [${r.whole(0, 1)}] })(k, k); return [await read(d, r.a), await read(d, r.b)];`,
      names: ['twice', 'donate', 'also'],
      or: [many(n, 10), many(n, 2)],
    };
  },
  'one tensor in an array that is donated twice': (r) => {
    const n = size(r);
    return {
      code: `const k = ${kept(n, 1)}; const r = await jit(d, ([a, b]) => [mul(a, 10), mul(b, 100)], { donate: [0] })([k, k]); return await read(d, r);`,
      names: ['twice', 'donate', 'two'],
      or: [many(n, 10), many(n, 100)],
    };
  },
  'an argument that was freed': (r) => ({
    code: `const k = ${kept(size(r), 1)}; free(k); return await jit(d, (x) => fetch(mul(x, 2)))(k);`,
    names: ['freed', 'donated', 'gone'],
  }),
  'an argument that was donated': (r) => ({
    code: `const k = ${kept(size(r), 1)}; const f = jit(d, (x) => mul(x, 2), { donate: [0] }); await f(k); return await read(d, k);`,
    names: ['freed', 'donated', 'gone'],
  }),
  'a freed tensor in an expression': (r) => ({
    code: `const k = ${kept(size(r), 1)}; free(k); return await ${r.pick(['read(d, add(k, 1))', 'read(d, k)', 'evaluate(d, mul(k, 2)).then((t) => read(d, t))'])};`,
    names: ['freed', 'donated', 'gone'],
  }),
  'a tensor of another device in an expression': (r) => ({
    code: `const o = await other(); const k = await evaluate(o, add(${list(size(r), 1)}, 0)); return await ${r.pick(['read(d, add(k, 1))', 'jit(d, (x) => fetch(add(x, k)))(tensor([1]))', 'jit(d, (x) => fetch(add(x, 1)))(k)', 'evaluate(d, add(k, 1)).then((t) => read(d, t))'])};`,
    names: ['device', 'given to', 'another'],
  }),
  'a tensor of reference in an expression': (r) => ({
    code: `const k = await evaluate(openReference(), add(${list(size(r), 1)}, 0)); return await ${r.pick(['read(d, add(k, 1))', 'jit(d, (x) => fetch(add(x, k)))(tensor([1]))', 'jit(d, (x) => fetch(add(x, 1)))(k)'])};`,
    names: ['device', 'given to', 'another'],
  }),
  'use after close': (r) => ({
    code: `${r.pick(['', `const k = ${kept(4, 1)};`, 'const f = jit(d, (x) => fetch(mul(x, 2))); await f(tensor([1]));'])} await d.close(); return await ${r.pick(['read(d, add(tensor([1]), 1))', 'jit(d, (x) => fetch(mul(x, 2)))(tensor([1]))', 'evaluate(d, tensor([1, 2]))', 'evaluate(d, mul(tensor([1, 2]), 2))'])};`,
    names: ['closed', 'close'],
  }),
  'a call of a plan after the device was closed': () => ({
    code: 'const f = jit(d, (x) => fetch(mul(x, 2))); await f(tensor([1])); await d.close(); return await f(tensor([3]));',
    names: ['closed', 'close'],
  }),
  'work on a device that has failed': (r) => {
    const n = r.pick([4, 100_000]);
    const astray = `node({ kind: 'stored', value: { device: d, buffer: { shape: [${n}], dtype: 'f32', handle: 2 ** 32 - 65536 } } }, [], [${n}], 'f32')`;
    const after = r.pick([
      'read(d, matmul(ones([1, 4]), ones([4, 1])))',
      'read(d, sum()(ones([1000])))',
      'read(d, tensor([1]))',
      'f(tensor([1]))',
    ]);
    return {
      code: `if (d.name !== 'wasm') throw new TensorError('read', 'other devices have no such address; has failed'); const f = jit(d, (x) => fetch(mul(x, 2))); await f(tensor([1])); await read(d, sum()(mul(${astray}, 2))).catch(() => {}); return await ${after};`,
      names: ['failed'],
    };
  },
  'an argument of a trace that is used in another': (r) => ({
    code: `let kept; await jit(d, (x) => { kept = ${r.pick(['x', 'mul(x, 2)'])}; return fetch(x); })(tensor([1, 2])); return await ${r.pick(['read(d, add(kept, 1))', 'jit(d, (x) => fetch(add(x, kept)))(tensor([1]))', 'read(d, kept)'])};`,
    names: ['traced', 'argument'],
  }),
  'an async function': (r) => ({
    code: `return await jit(d, async (x) => ${r.pick(['fetch(x)', 'fetch(mul(x, 2))', '[mul(x, 2)]'])})(tensor([1]));`,
    names: ['async', 'promise', 'Promise'],
  }),
  'nested arrays': (r) => {
    const [data, values] = r.pick([
      ['[[1, 2], [3, 4]]', [1, 2, 3, 4]],
      ['[[1], [2]]', [1, 2]],
      ['[[1, 2, 3]]', [1, 2, 3]],
    ] as const);
    return { code: `return await read(d, tensor(${data}));`, names: ['nested', 'array'], or: [values] };
  },
  'nested arrays of unequal lengths': (r) => ({
    code: `return await read(d, tensor(${r.pick(['[[1, 2], [3]]', '[[1], 2]', '[1, [2]]', '[[[1]], [2]]'])}));`,
    names: ['element'],
  }),
  'an array of another type': (r) => {
    const type = r.chance(0.4) ? 'Float64Array' : r.pick(otherArrays);
    const values = type === 'BigInt64Array' ? '1n, 2n' : type === 'Float64Array' ? '1.5, 2.5' : '1, 2';
    return {
      code: `return await read(d, ${r.pick(['', 'abs'])}(tensor(${type}.of(${values}))));`,
      names: [type],
      or: [type === 'Float64Array' ? [1.5, 2.5] : [1, 2]],
    };
  },
  'values that are no numbers': (r) => ({
    code: `return await read(d, ${r.pick(["tensor(['a', 'b'])", 'tensor([1, undefined])', 'tensor([1, null])', 'tensor({})', 'tensor(5)', 'tensor(undefined)', "tensor('12')"])});`,
    names: ['tensor', 'number', 'values'],
  }),
  'an image of integers': (r) => ({
    code: `return await read(d, ${r.pick([
      'conv2d(ones([1, 1, 1, 1]))(tensor(Int32Array.of(1, 2, 3, 4), [1, 2, 2, 1]))',
      'conv2d(tensor(Int32Array.of(1), [1, 1, 1, 1]))(ones([1, 2, 2, 1]))',
      'conv2dInput(tensor(Int32Array.of(1), [1, 1, 1, 1]), [1, 2, 2, 1])(ones([1, 2, 2, 1]))',
      'conv2dInput(ones([1, 1, 1, 1]), [1, 2, 2, 1])(tensor(Int32Array.of(1, 2, 3, 4), [1, 2, 2, 1]))',
      'conv2dFilter(tensor(Int32Array.of(1, 2, 3, 4), [1, 2, 2, 1]), ones([1, 2, 2, 1]), [1, 1, 1, 1])',
      'conv2dFilter(ones([1, 2, 2, 1]), tensor(Uint32Array.of(1, 2, 3, 4), [1, 2, 2, 1]), [1, 1, 1, 1])',
      'matmul(tensor(Int32Array.of(1, 2, 3, 4), [2, 2]), ones([2, 2]))',
      'moments(tensor(Int32Array.of(1, 2, 3, 4), [2, 2]))',
    ])});`,
    names: ['f32', 'dtype', 'i32', 'u32'],
  }),
  'stride 0': (r) => {
    const stride = r.pick(['0', '[0, 1]', '[1, 0]', '-1', '1.5', 'NaN']);
    return {
      code: `return await read(d, ${r.pick([`conv2d(ones([1, 1, 1, 1]), { stride: ${stride} })(${image(r)})`, `maxPool2d({ size: 2, stride: ${stride} })(${image(r)})`])});`,
      names: ['stride'],
    };
  },
  'sizes that are no whole numbers': (r) => ({
    code: `return await read(d, ${r.pick(['zeros([2.5])', 'ones([-1])', 'full([NaN], 1)', 'iota([1.5], 0)', 'uniform([2.5])(key(1))', 'randomBits([-1])(key(1))', 'broadcastTo([2.5])(tensor([1]))', 'tensor([1, 2], [2, 1.0000001])', 'upsample2d(1.5)(ones([1, 1, 1, 1]))', 'maxPool2d({ size: 1.5 })(ones([1, 3, 3, 1]))', 'pad([1.5], [0])(tensor([1, 2]))', 'slice([0.5], [2])(tensor([1, 2, 3]))', 'slice([0], [2], [1.5])(tensor([1, 2, 3]))', 'scatterAdd(tensor(Int32Array.of(0, 1)), 2.5)(tensor([1, 2]))', 'splitKey(1.5)(key(1))', 'sum({ axes: [0.5] })(tensor([1]))', 'zeros([Infinity])'])});`,
    names: ['dimension', 'whole', 'integer', 'size', 'shape', 'axes', 'pad', 'bounds', 'must', 'count'],
  }),
  'an unknown option': (r) => ({
    code: `return await read(d, ${r.pick([
      'conv2d(ones([1, 2, 2, 1]), { dilation: 2 })(ones([1, 4, 4, 1]))',
      'conv2d(ones([1, 1, 1, 1]), { pad: 1 })(ones([1, 2, 2, 1]))',
      'conv2dInput(ones([1, 1, 1, 1]), [1, 2, 2, 1], { strides: 1 })(ones([1, 2, 2, 1]))',
      'conv2dFilter(ones([1, 2, 2, 1]), ones([1, 2, 2, 1]), [1, 1, 1, 1], { group: 1 })',
      'sum({ axis: 0 })(ones([2, 2]))',
      'max({ axis: 0 })(ones([2, 2]))',
      'mean({ axes: [0], keepdims: true })(ones([2, 2]))',
      'matmul(ones([2, 2]), ones([2, 2]), { transpose: true })',
      'maxPool2d({ size: 2, pad: 1 })(ones([1, 2, 2, 1]))',
      'maxPool2dGrad(ones([1, 1, 1, 1]), { size: 2, dilation: 1 })(ones([1, 2, 2, 1]))',
      'pad([1], [1], { fill: 2 })(ones([2]))',
    ])});`,
    names: ['option', 'unknown', 'dilation', 'axis', 'pad', 'keepdims', 'transpose', 'strides', 'group', 'fill'],
  }),
  'an unknown option of jit or of a device': (r) => ({
    code: r.pick([
      'return await jit(d, (x) => fetch(x), { donates: [0] })(tensor([1]));',
      'const o = await openWasm({ thread: 1 }); await o.close(); return [];',
      "const o = await openDevice('wasm', { workers: 1 }); await o.close(); return [];",
    ]),
    names: ['option', 'unknown', 'donates', 'thread', 'workers'],
  }),
  'donation of what is no argument': (r) => ({
    code: `return await jit(d, (x) => fetch(mul(x, 2)), { donate: [${r.pick([1, -1, 0.5])}] })(tensor([1]));`,
    names: ['donate', 'argument'],
  }),
  'integers with a fraction': (r) => ({
    code: `return await read(d, ${r.pick(['add', 'mul', 'sub', 'div', 'maximum', 'less', 'equal'])}(tensor(Int32Array.of(1)), ${r.pick(['1.7', '0.5', 'NaN', '2 ** 40', '-Infinity'])}));`,
    names: ['i32', 'whole', 'integer', 'dtype'],
  }),
  'a mean of integers': () => ({
    code: 'return await read(d, mean()(tensor(Int32Array.of(1, 2, 4))));',
    names: ['f32', 'i32', 'dtype'],
    or: [[Math.fround(7 / 3)]],
  }),
  'a key that is no whole number': (r) => ({
    code: `return await read(d, key(${r.pick(['1.5', 'NaN', '-1', 'Infinity', '2 ** 70', "'a'"])}));`,
    names: ['key', 'seed'],
  }),
  'no tensor where one is needed': (r) => ({
    code: `return await read(d, ${r.pick(['add(undefined, tensor([1]))', "mul(tensor([1]), 'a')", 'neg(5)', 'exp([1, 2])', 'sum()(3)', 'matmul(ones([2, 2]), 3)', 'conv2d(ones([1, 1, 1, 1]))([1])', 'concat(0)([tensor([1]), 2])', 'concat(0)(tensor([1]))', 'reshape([1])(null)', 'select(tensor([1]), null, 1)'])});`,
    names: ['tensor', 'Tensor'],
  }),
  'one key drawn from and split': (r) => {
    const n = r.whole(1, 3);
    return {
      code: `const k = key(${r.whole(0, 99)}); const [a, b] = await read(d, [randomBits([${2 * n}])(k), splitKey(${n})(k)[${n - 1}]]); return [new Float32Array([Number(a[${2 * n - 2}] === b[0] && a[${2 * n - 1}] === b[1])])];`,
      names: ['key'],
      or: [[0]],
    };
  },
};

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...names: string[]
) => (...values: unknown[]) => Promise<unknown>;

const scope = {
  ...(T as unknown as Record<string, unknown>),
  grad: nn.grad,
  vjp: nn.vjp,
  valueAndGrad: nn.valueAndGrad,
};

const arraysOf = (found: unknown): readonly HostArray[] | undefined => {
  if (ArrayBuffer.isView(found)) return [found as HostArray];
  return Array.isArray(found) && found.every((x) => ArrayBuffer.isView(x)) ? (found as HostArray[]) : undefined;
};

const typedNames = new Set(Object.keys(T).filter((name) => name.endsWith('Error')));

/** Whether an error is one of the package's, and speaks of the mistake. */
const refusal = (error: unknown, { names }: Misuse): string | undefined => {
  if (!(error instanceof Error)) return `threw ${String(error)}, which is no error`;
  if (!typedNames.has(error.name)) return `no error of the package: ${error.name}: ${error.message}`;
  return names.some((word) => error.message.includes(word))
    ? undefined
    : `the error says nothing of it: ${error.name}: ${error.message}`;
};

export const judgeMisuse = async (
  device: Device,
  key: DeviceKey,
  misuse: Misuse,
  open: (key: DeviceKey) => Promise<Device>,
): Promise<Verdict> => {
  const others: Device[] = [];
  const other = async (): Promise<Device> => {
    others.push(await open({ ...key, threads: 1 }));
    return others[others.length - 1];
  };
  try {
    const run = new AsyncFunction('d', 'other', ...Object.keys(scope), misuse.code);
    const found = await run(device, other, ...Object.values(scope));
    const arrays = arraysOf(found);
    const wanted = misuse.or;
    if (
      wanted &&
      arrays &&
      arrays.length === wanted.length &&
      arrays.every((a, i) => a.length === wanted[i].length && [...a].every((x, j) => Object.is(x, wanted[i][j])))
    ) {
      return { kind: 'right', compared: 1, free: 0 };
    }
    const shown = arrays ? arrays.map((a) => `[${[...a].slice(0, 6)}]`).join(' ') : JSON.stringify(found)?.slice(0, 80);
    return {
      kind: 'wrong',
      reason: `not refused: gives ${shown}${wanted ? `, right is an error or ${JSON.stringify(wanted).slice(0, 60)}` : ''}`,
    };
  } catch (error) {
    const said = refusal(error, misuse);
    return said === undefined ? { kind: 'right', compared: 1, free: 0 } : { kind: 'wrong', reason: said };
  } finally {
    for (const o of others) await o.close().catch(() => {});
  }
};

export const misuseNames = Object.keys(misuses);
export const drawMisuse = (random: Random, name: string): Misuse => ({ name, ...misuses[name](random) });
