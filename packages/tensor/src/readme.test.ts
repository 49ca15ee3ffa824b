import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/readme.ts';

it('the example of the README runs', async () => {
  const output = await runReadme(dirname(dirname(fileURLToPath(import.meta.url))));
  expect(output.replace(/\s+/g, ' ')).toContain('laplace: Float32Array(9) [');
  expect(output).toMatch(/total: 1\.5\n.*total: 4\.25/s);
});
