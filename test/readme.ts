/** Runs a TypeScript example of a README as its reader would. */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What example `index` prints. The file lies in the package's folder while it runs, so that its imports resolve. */
export const runReadme = async (folder: string, index = 0): Promise<string> => {
  const text = readFileSync(join(folder, 'README.md'), 'utf8');
  const example = [...text.matchAll(/```ts\n([\s\S]*?)```/g)][index]?.[1];
  if (example === undefined) throw new Error(`${folder}/README.md has no TypeScript example ${index}`);
  const file = join(folder, `.readme-example-${process.pid}-${index}.ts`);
  writeFileSync(file, example);
  try {
    const args = ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning', file];
    return (await promisify(execFile)(process.execPath, args)).stdout;
  } finally {
    rmSync(file);
  }
};
