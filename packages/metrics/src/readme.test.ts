import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCocoInstances, formatCocoResults } from './formats/index.ts';

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const readme = readFileSync(file('README.md'), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);

// Inside the package, because an example imports it by its name.
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(file('.readme-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (code: string, name: string): string => {
  writeFileSync(`${dir}/${name}.ts`, code);
  return execFileSync(process.execPath, ['--conditions=@gdarknet/source', `${name}.ts`], {
    cwd: dir,
    encoding: 'utf8',
  });
};

describe('the examples of the README', () => {
  it('the first is the one that is kept, and prints what it should', () => {
    expect(examples[0]).toBe(readFileSync(file('examples/evaluate.ts'), 'utf8'));
    const lines = run(examples[0], 'first').trimEnd().split('\n');
    expect(lines.slice(0, 12).every((line) => line.startsWith(' Average '))).toBe(true);
    expect(lines[0]).toMatch(
      /Average Precision {2}\(AP\) @\[ IoU=0.50:0.95 \| area= {3}all \| maxDets=100 \] = 0\.\d{3}$/,
    );
    expect(lines[12]).toMatch(/^AP by GIoU 0\.\d{3} dog 0\.\d{3}$/);
    expect(lines.at(-1)).toBe(`two boxes ${(1 / 7 - 2 / 9).toFixed(4)} ${(1 - 1 / 7 + 2 / 9).toFixed(4)}`);
  });

  it('the others run too', () => {
    const row = { image_id: 1, category_id: 1, bbox: [0, 0, 10, 10] };
    const truth = { images: [{ id: 1 }], categories: [{ id: 1 }], annotations: [{ ...row, id: 1 }] };
    writeFileSync(`${dir}/instances_val2017.json`, formatCocoInstances(truth));
    writeFileSync(`${dir}/results.json`, formatCocoResults([{ ...row, score: 0.5 }]));
    expect(run(examples[1], 'second').split('\n')[0]).toMatch(/= 1\.000$/);
    expect(run(examples[2], 'third')).toBe('0.505\n');
    expect(run(examples[3], 'fourth')).toBe('true\n');
    expect(examples).toHaveLength(4);
  });
});
