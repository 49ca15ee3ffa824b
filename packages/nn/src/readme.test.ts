/** The example of the README does what it says. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test('the example runs and prints what it is said to print', () => {
  const readme = readFileSync(here('../README.md'), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  const printed = /It prints `(.*)`/.exec(readme)?.[1];
  if (code === undefined || printed === undefined) throw new Error('the README has no example');
  // Beside the sources, so that package names resolve as they do there.
  const file = here(`./readme-example-${process.pid}.ts`);
  try {
    writeFileSync(file, code);
    const output = execFileSync(process.execPath, ['--conditions=@gdarknet/source', file], { encoding: 'utf8' });
    expect(output.trim()).toBe(printed);
  } finally {
    rmSync(file, { force: true });
  }
});
