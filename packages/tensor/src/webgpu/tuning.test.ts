/** Ways to write a matrix kernel: their results, their choice by the clock, and what is remembered of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { swiftshader } from '../../../../test/swiftshader.ts';
import { conv2d, conv2dFilter, conv2dInput, matmul, type ProfileEvent, read, type Tensor } from '../index.ts';
import { noise } from '../testing/cases.ts';
import { openWebGpu } from './device.ts';
import { tilesFor } from './gemm.ts';
import type { WebGpuOptions } from './options.ts';
import { functionsFor } from './wgsl.ts';

/** A problem for each kind of loader; sizes that no tile divides. */
const problems: Readonly<Record<string, () => Tensor>> = {
  'conv2d of few channels': () => conv2d(noise([20, 3, 3, 3], 1), { padding: 1, stride: 2 })(noise([2, 13, 11, 3], 2)),
  conv2dInput: () => conv2dInput(noise([33, 3, 3, 17], 1), [2, 9, 11, 17], { padding: 1 })(noise([2, 9, 11, 33], 2)),
  conv2dFilter: () => conv2dFilter(noise([2, 9, 11, 17], 1), noise([2, 9, 11, 33], 2), [33, 3, 3, 17], { padding: 1 }),
  'matmul aT bT': () => matmul(noise([40, 70], 1), noise([37, 40], 2), { transposeA: true, transposeB: true }),
};

const resultOf = async (problem: () => Tensor, options: WebGpuOptions) => {
  const device = await openWebGpu(options);
  try {
    return await read(device, problem());
  } finally {
    await device.close();
  }
};

describe('tiles', () => {
  const loader = { along: 'depth', prepare: () => '', load: () => '' } as const;
  const p = { segments: 9, depth: 64, count: 1, a: loader, b: loader, store: () => '' };

  it('are smaller where a large one would leave processors idle', () => {
    const [large] = tilesFor({ ...p, rows: 100_000, columns: 256 }, true);
    const [small] = tilesFor({ ...p, rows: 676, columns: 256 }, true);
    expect(large.rows * large.columns).toBe(128 * 128);
    expect(small.rows * small.columns).toBeLessThan(64 * 64);
  });

  it('need no barriers for small products and emulated adapters', () => {
    expect(tilesFor({ ...p, rows: 1000, columns: 8 }, true)).toMatchObject([{ deep: 0 }]);
    expect(tilesFor({ ...p, rows: 1000, columns: 800 }, false)).toMatchObject([{ deep: 0 }]);
  });
});

describe('functions of a program', () => {
  it('are those it calls, and those they call', () => {
    const names = (code: string) => [...functionsFor(code).matchAll(/^fn (\w+)/gm)].map(([, name]) => name);
    expect(names('let x = exp_of(1.0);')).toEqual(['float_of', 'is_nan', 'exp_of']);
    expect(names('let x = exp(1.0);')).toEqual([]);
  });
});

describe.skipIf(swiftshader !== undefined)(`webgpu ${swiftshader ?? ''}`, { timeout: 120_000 }, () => {
  const cache = mkdtempSync(join(tmpdir(), 'gdarknet-cache-'));
  const before = process.env.XDG_CACHE_HOME;
  beforeAll(() => {
    process.env.XDG_CACHE_HOME = cache;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    rmSync(cache, { recursive: true });
  });

  it.each(Object.keys(problems))('%s: every way gives the same bits', async (name) => {
    const expected = await resultOf(problems[name], { matrices: 'registers' });
    for (let way = 0; way < 9; way++)
      expect(await resultOf(problems[name], { matrices: 'shared', way }), `way ${way}`).toEqual(expected);
  });

  it('times the ways once, and remembers the fastest from one device to the next', async () => {
    const problem = problems['matmul aT bT'];
    const expected = await resultOf(problem, { matrices: 'registers' });
    expect(await resultOf(problem, { matrices: 'shared', autotune: true })).toEqual(expected);
    const [file] = readdirSync(join(cache, 'gdarknet'));
    const kept = readFileSync(join(cache, 'gdarknet', file), 'utf8');
    expect(Object.entries(JSON.parse(kept))).toEqual([
      ['64x37 of 1x40 times 1, line depth', expect.stringMatching(/^\d+x\d+x\d+ by \d+x\d+$/)],
    ]);
    const from = performance.now();
    expect(await resultOf(problem, { matrices: 'shared', autotune: true })).toEqual(expected);
    expect(performance.now() - from).toBeLessThan(60_000);
    expect(readFileSync(join(cache, 'gdarknet', file), 'utf8')).toBe(kept);
  });

  it('tells a profile of every kernel', async () => {
    const events: ProfileEvent[] = [];
    const expected = await resultOf(problems.conv2dFilter, {});
    const profiled = await resultOf(problems.conv2dFilter, { profile: (event) => void events.push(event) });
    expect(profiled).toEqual(expected);
    expect(events.map(({ op }) => op)).toContain('conv2dFilter');
    expect(events.every(({ duration }) => duration >= 0)).toBe(true);
    expect(events.some(({ duration }) => duration > 0)).toBe(true);
    expect(events.filter(({ flops }) => flops > 0).length).toBe(new Set(events.map(({ step }) => step)).size);
  });
});
