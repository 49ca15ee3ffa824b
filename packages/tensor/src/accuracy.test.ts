/** Every function keeps its bound on every device; sums of exponentials, which are not functions of one number, too. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { swiftshader } from '../../../test/swiftshader.ts';
import {
  type Device,
  logSoftmax,
  logSumExp,
  openDevice,
  openReference,
  openWasm,
  read,
  sigmoid,
  softmax,
  tanh,
  tensor,
} from './index.ts';
import { rows, tableRows, ulpAt, worstOf } from './testing/accuracy.ts';

const devices: readonly (readonly [name: string, open: () => Promise<Device>, denormals: boolean])[] = [
  ['reference', async () => openReference(), true],
  ['wasm', () => openWasm({ threads: 2 }), true],
  ...(swiftshader === undefined ? [['webgpu', () => openDevice('webgpu'), false] as const] : []),
];

/** Rows of logits: near 0, far apart, equal, with infinities. */
const logits: readonly (readonly number[])[] = [
  [0, -20],
  [0, -10],
  [0, -1e-6],
  [0.1, 0.2],
  [1000, 1000],
  [-1000, -1001],
  [0, -60],
  [-1e38, 1e38],
  [0, -Infinity],
  [7.25, 7.25 - 2 ** -10],
];
const exactRow = (row: readonly number[]) => {
  const values = row.map(Math.fround);
  const m = Math.max(...values);
  const at = values.indexOf(m);
  const others = values.filter((_, i) => i !== at).reduce((sum, x) => sum + Math.exp(x - m), 0);
  const log = Math.log1p(others);
  return {
    logSumExp: m + log,
    softmax: values.map((x) => Math.exp(x - m) / (1 + others)),
    logSoftmax: values.map((x) => x - m - log),
  };
};

describe.each(devices)('%s', (_, open, denormals) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());

  it.each(rows.map((row) => [row.name, row.from, row.to, row] as const))('%s from %d to %d', async (...given) => {
    const [, , , row] = given;
    const worst = await worstOf(device, row, denormals);
    expect(worst.ulps, JSON.stringify(worst)).toBeLessThanOrEqual(row.ulps);
  });

  const closeTo = (got: ArrayLike<number>, expected: readonly number[], ulps: number): void => {
    expect(got.length).toBe(expected.length);
    expected.forEach((e, i) => {
      if (!Number.isFinite(e)) expect(got[i]).toBe(e);
      else if (!denormals && Math.abs(e) < 2 ** -126) expect(Math.abs(got[i])).toBeLessThan(2 ** -126);
      else expect(Math.abs(got[i] - e) / ulpAt(e), `${got[i]} for ${e}`).toBeLessThanOrEqual(ulps);
    });
  };

  it('softmax, logSoftmax and logSumExp, rows near 0 and far out', async () => {
    const x = tensor(logits);
    const [p, l, s] = await read(device, [softmax(x), logSoftmax(x), logSumExp({ axes: [1] })(x)]);
    const exact = logits.map(exactRow);
    const flat = (pick: (row: ReturnType<typeof exactRow>) => readonly number[]) => exact.flatMap(pick);
    closeTo(
      p,
      flat((row) => row.softmax),
      3,
    );
    closeTo(
      l,
      flat((row) => row.logSoftmax),
      3,
    );
    closeTo(
      s,
      flat((row) => [row.logSumExp]),
      3,
    );
  });

  it('logSumExp over other axes, of many, of infinities and of nothing', async () => {
    const many = tensor(Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i)));
    const cube = tensor([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ]);
    const [all, outer, up, down, nan, none] = await read(device, [
      logSumExp()(many),
      logSumExp({ axes: [0, 2], keep: true })(cube),
      logSumExp()(tensor([Infinity, 1, -Infinity])),
      logSumExp()(tensor([-Infinity, -Infinity])),
      logSumExp()(tensor([NaN, 1])),
      logSumExp({ axes: [1] })(tensor([[], []])),
    ]);
    const sum = Array.from({ length: 5000 }, (_, i) => Math.exp(Math.fround(Math.sin(i)))).reduce((a, b) => a + b);
    closeTo(all, [Math.log(sum)], 3);
    const of = (xs: readonly number[]) => Math.log(xs.reduce((a, x) => a + Math.exp(x), 0));
    closeTo(outer, [of([1, 2, 5, 6]), of([3, 4, 7, 8])], 3);
    expect([up[0], down[0], nan[0], ...none]).toEqual([Infinity, -Infinity, NaN, -Infinity, -Infinity]);
  });

  it('ends of the line', async () => {
    const [s, t] = await read(device, [
      sigmoid(tensor([-Infinity, -200, Infinity, NaN, 0])),
      tanh(tensor([-Infinity, Infinity, NaN, 100, -100])),
    ]);
    expect([...s]).toEqual([0, 0, 1, NaN, 0.5]);
    expect([...t]).toEqual([-1, 1, NaN, 1, -1]);
    const [minus] = await read(device, [tanh(tensor([-0]))]);
    expect(minus[0]).toBe(-0);
  });
});

describe('the README', () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/ +/g, ' ');
  it.each(tableRows())('states: %s', (line) => expect(text).toContain(`| ${line} |`));
});

it('sigmoid has the bits of 1 / (1 + e^-x) from -40 on', async () => {
  const device = openReference();
  const points = Float32Array.from({ length: 4000 }, (_, i) => -39.9 + i * 0.03);
  const values = await read(device, sigmoid(tensor(points)));
  const plain = points.map((x) => 1 / Math.fround(Math.fround(Math.exp(-x)) + 1));
  expect(values).toEqual(plain);
  await device.close();
});
