/** The rule about folders finds a circle, also one that leads over a third folder, and nothing else. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const { folderCircles } = createRequire(import.meta.url)('../scripts/folder-circles.cjs') as {
  readonly folderCircles: (src: string) => readonly (readonly [from: string, to: string])[];
};

/** A source folder with these files, and the circles in it. */
const circlesIn = (files: Readonly<Record<string, string>>): readonly string[] => {
  const src = mkdtempSync(join(tmpdir(), 'gdarknet-folders-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, name)), { recursive: true });
    writeFileSync(join(src, name), text);
  }
  return folderCircles(src)
    .map(([from, to]) => `${from} -> ${to}`)
    .sort();
};

it('arrows in one direction are no circle, whatever tests import', () => {
  expect(
    circlesIn({
      'fault.ts': 'export type Fault = string;',
      'store/rows.ts': "import type { Fault } from '../fault.ts'; import { a } from './inner/a.ts';",
      'store/inner/a.ts': "export { b } from '../../runs/b.ts';",
      'runs/b.ts': "import { join } from 'node:path'; import { x } from 'other';",
      'runs/b.test.ts': "import '../store/rows.ts';",
      'runs/testing/c.ts': "import '../../store/rows.ts';",
    }),
  ).toEqual([]);
});

it('a circle is found by values, types and calls of import, over other folders and files of the root', () => {
  expect(
    circlesIn({
      'a/one.ts': "import { b } from '../b/deep/two.ts';",
      'b/deep/two.ts': "import type { C } from '../../c.ts';",
      'c.ts': "export const load = () => import('./a/one.ts');",
      'd/four.ts': "export * from '../a/one.ts';",
    }),
  ).toEqual(['a -> b', 'b -> c.ts', 'c.ts -> a']);
});
