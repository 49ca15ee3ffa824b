import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/readme.ts';

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
