import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/readme.ts';

it('the example of the README runs', async () => {
  const lines = (await runReadme(dirname(dirname(fileURLToPath(import.meta.url))))).trim().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^1 \d+\.\d+$/);
});
