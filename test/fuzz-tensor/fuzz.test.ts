import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as nn from '../../packages/nn/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import { swiftshader } from '../swiftshader.ts';
import { boundRules, evaluateBounds } from './bounds.ts';
import { generate } from './generate.ts';
import { judge } from './judge.ts';
import { drawMisuse, judgeMisuse, misuses } from './misuse.ts';
import { beside, operations } from './operations.ts';
import { print } from './print.ts';
import type { DeviceKey, Program } from './program.ts';
import { findPython, openPython } from './python.ts';
import { openRandom } from './random.ts';
import { traceProgram } from './run.ts';
import { shrink } from './shrink.ts';

const openers: { readonly [N in DeviceKey['name']]: (key: DeviceKey) => Promise<T.Device> } = {
  reference: async () => T.openReference(),
  wasm: ({ threads }) => T.openWasm({ threads }),
  webgpu: () => T.openDevice('webgpu'),
};

/** What is wrong with some programs, as code. */
const failuresOf = async (key: DeviceKey, seed: number, count: number): Promise<string[]> => {
  const device = await openers[key.name](key);
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const program = generate(seed, i, { device: key });
    const verdict = await judge(device, program);
    if (verdict.kind !== 'right') found.push(`// seed ${seed}, program ${i}: ${verdict.reason}\n${print(program)}`);
  }
  await device.close();
  return found;
};

describe('random programs', () => {
  test.each([1, 2, 3, 8])('wasm, %i threads', async (threads) => {
    expect(await failuresOf({ name: 'wasm', threads }, 100 + threads, 40)).toEqual([]);
  });
  test('reference', async () => {
    expect(await failuresOf({ name: 'reference', threads: 1 }, 1, 30)).toEqual([]);
  });
  test.skipIf(swiftshader !== undefined)('webgpu, emulated', async () => {
    expect(await failuresOf({ name: 'webgpu', threads: 1 }, 2, 25)).toEqual([]);
  });

  const python = findPython();
  test.skipIf(python.command === undefined)(`NumPy and PyTorch ${python.reason}`, async () => {
    const judgeOfReference = openPython(python.command ?? '');
    const wrong: string[] = [];
    for (let i = 0; i < 60; i++) {
      const program = generate(3, i, { device: { name: 'reference', threads: 1 } });
      const verdict = await judgeOfReference.judge(program);
      if (verdict.kind === 'wrong' || verdict.kind === 'invalid') wrong.push(`${verdict.reason}\n${print(program)}`);
    }
    judgeOfReference.close();
    expect(wrong).toEqual([]);
  });
});

describe('wrong programs', () => {
  test.each(Object.keys(misuses))('%s', async (name) => {
    for (let i = 0; i < 3; i++) {
      const key: DeviceKey = { name: 'wasm', threads: 1 };
      const misuse = drawMisuse(openRandom(i), name);
      expect([misuse.code, await judgeMisuse(await T.openWasm({ threads: 1 }), key, misuse, openers.wasm)]).toEqual([
        misuse.code,
        expect.objectContaining({ kind: 'right' }),
      ]);
    }
  });
});

describe('the generator', () => {
  test('has a row for every exported function', () => {
    const exported = Object.entries(T).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
    const known = new Set<string>([...Object.keys(operations), ...beside]);
    expect(exported.filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => !(name in { ...T, stopGradient: nn.stopGradient }))).toEqual([]);
  });

  test('draws every function, and every kind of operation reaches a graph', () => {
    const names = new Set<string>();
    const kinds = new Set<string>();
    for (let i = 0; i < 1500; i++) {
      const program = generate(7, i, { device: { name: 'reference', threads: 1 } });
      for (const s of program.statements) if (s.kind === 'call' && typeof s.f === 'string') names.add(s.f);
      if (i % 5 === 0) for (const node of traceProgram(program, 0).graph.nodes) kinds.add(node.op.kind);
    }
    expect(Object.keys(operations).filter((name) => !names.has(name))).toEqual([]);
    // Arguments stand for stored tensors here; tags of derivatives alone are no nodes.
    expect(Object.keys(boundRules).filter((kind) => !kinds.has(kind) && kind !== 'stored' && kind !== 'tag')).toEqual(
      [],
    );
  });

  test('one seed gives one program', () => {
    const device: DeviceKey = { name: 'wasm', threads: 1 };
    expect(generate(5, 9, { device })).toEqual(generate(5, 9, { device }));
    expect(generate(5, 9, { device })).not.toEqual(generate(5, 10, { device }));
  });
});

describe('the judge', () => {
  const device = T.openReference();
  /** A device that is wrong in one element of what it hands out. */
  const wrong: T.Device = {
    ...device,
    read: async (buffer) => {
      const data = await device.read(buffer);
      if (data.length > 2) data[2] += 1;
      return data;
    },
  };
  const key: DeviceKey = { name: 'reference', threads: 1 };

  test('sees one element that is off, and shrinks the program', async () => {
    const fails = async (p: Program): Promise<boolean> => (await judge(wrong, p)).kind === 'wrong';
    let program: Program | undefined;
    for (let i = 0; program === undefined; i++) {
      const drawn = generate(11, i, { device: key });
      if (drawn.statements.length > 8 && drawn.outputs.length > 1 && (await fails(drawn))) program = drawn;
    }
    const small = await shrink(program, fails, 20);
    expect(small.statements.length).toBeLessThanOrEqual(2);
    expect(small.outputs.length).toBe(1);
    expect(print(small)).toContain("from '@gdarknet/tensor'");
  });

  test('wants the very number where every step is exact, and else the rounding of the steps', () => {
    const boundsOf = (f: (x: T.Tensor) => T.Tensor, values: readonly number[]) => {
      const x = T.input(0, [values.length]);
      const graph = T.graphOf([f(x)], [x]);
      return [...evaluateBounds(graph, [Float32Array.from(values)], { flushes: false })[0].apart];
    };
    expect(boundsOf((x) => T.sum()(T.mul(x, x)), [1, 2, 3])).toEqual([0]);
    const [rounded] = boundsOf((x) => T.sum()(T.mul(x, 0.1)), [1, 2, 3]);
    expect(rounded).toBeGreaterThan(1e-8);
    expect(rounded).toBeLessThan(1e-6);
    // A comparison at its threshold may go either way; the logarithm of what may be below 0 may be anything.
    expect(boundsOf((x) => T.less(T.mul(x, 0.1), T.add(T.mul(x, 0.1), 0)), [3, 7])).toEqual([1, 1]);
    expect(boundsOf((x) => T.log(T.sub(T.mul(x, 0.1), T.mul(x, 0.1))), [3])).toEqual([Infinity]);
    expect(boundsOf((x) => T.less(T.mul(x, 0.1), 5), [1, 2])).toEqual([0, 0]);
  });
});

/** Their search takes a minute each: `npm run fuzz:tensor -- --put-back`. */
describe('faults that are put back', () => {
  const folder = fileURLToPath(new URL('put-back', import.meta.url));
  test.each(readdirSync(folder))('%s still fits the sources', (patch) => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const { status, stderr } = spawnSync('git', ['apply', '--check', join(folder, patch)], {
      cwd: root,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});
