/** The README's example is run as it stands. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runReadme } from '../../../test/readme.ts';

it('the example of the README', async () => {
  expect(await runReadme(join(dirname(fileURLToPath(import.meta.url)), '..'))).toBe('first 0.5\n');
});
