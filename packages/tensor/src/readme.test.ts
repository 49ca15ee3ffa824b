import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/readme.ts';
import * as tensor from './index.ts';
import * as composed from './ops/composed.ts';
import * as contraction from './ops/contraction.ts';
import * as elementwise from './ops/elementwise.ts';
import * as exponential from './ops/exponential.ts';
import * as movement from './ops/movement.ts';
import * as pool from './ops/pool.ts';
import * as random from './ops/random.ts';
import * as reduce from './ops/reduce.ts';

const folder = dirname(dirname(fileURLToPath(import.meta.url)));

it('the example of the README runs', async () => {
  const output = await runReadme(folder);
  expect(output.replace(/\s+/g, ' ')).toContain('laplace: Float32Array(9) [');
  expect(output).toMatch(/total: 1\.5\n.*total: 4\.25/s);
});

it('the second example prints from inside, and says where the first NaN comes from', async () => {
  const output = await runReadme(folder, 1);
  expect(output).toContain('total of the weights f32[] 2\nmean: 1.5\n');
  expect(output).toContain('div gave NaN in the mean');
});

it('the third example shows one step for a whole layer', async () => {
  const output = await runReadme(folder, 2);
  expect(output).toMatch(/conv2d 3x3\/1 64x64x32 - 64x64x32, batch 1/);
  expect(output).toMatch(/^relative error [0-9.]+e-0?[678]$/m);
  expect(output.match(/^\d+\.\d+ /gm)).toHaveLength(1);
});

it('the table of operations has every operation, and no other', () => {
  const text = readFileSync(join(folder, 'README.md'), 'utf8');
  const table = /## What there is\n(.*?)\n\n[A-Z]/s.exec(text)?.[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (dtypes| )/.test(line));
  const named = rows.flatMap((row) => [...row.matchAll(/`([\w ]+)`/g)].flatMap(([, names]) => names.split(' ')));
  const modules = [composed, contraction, elementwise, exponential, movement, pool, random, reduce];
  const all = modules.flatMap((module) => Object.entries(module)).filter(([, value]) => typeof value === 'function');
  const exported = new Set(all.map(([name]) => name).filter((name) => name in tensor));
  expect([...new Set(named)].sort()).toEqual([...exported].sort());
});
