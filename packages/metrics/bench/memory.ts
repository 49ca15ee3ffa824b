/**
 * Peak memory of a small process that does one thing, as a user's is: the package bundled to JavaScript, since the reading of
 * TypeScript takes memory of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = join(dirname(fileURLToPath(import.meta.url)), '../src');

const programs = {
  '5,000 categories with one object': `
    const categories = Array.from({ length: 5000 }, (_, id) => ({ id }));
    const row = { image_id: 1, category_id: 7, bbox: [0, 0, 10, 10] };
    const truth = { images: [{ id: 1 }], categories, annotations: [{ ...row, id: 1 }] };
    evaluateCoco(truth, [{ ...row, score: 0.5 }]);`,
  'confusion of 20,000 objects and 2,000 detections in an image': `
    const boxAt = (i) => [(i % 200) * 10, Math.floor(i / 200) * 10, 9, 9];
    const rows = (count) => Array.from({ length: count }, (_, i) => ({ image_id: 1, category_id: 1 + (i % 2), bbox: boxAt(i) }));
    const truth = { images: [{ id: 1 }], categories: [{ id: 1 }, { id: 2 }], annotations: rows(20_000) };
    confusionMatrix(truth, rows(2000).map((row, i) => ({ ...row, score: 0.5 + i / 1e5 })));`,
} as const;

/** MB at the peak of each process, by what it does. */
export const peaks = async (): Promise<Readonly<Record<string, number>>> => {
  const dir = mkdtempSync(join(tmpdir(), 'gdarknet-memory-'));
  try {
    const entries = Object.entries(programs);
    const measured: Record<string, number> = {};
    for (const [i, [name, program]] of entries.entries()) {
      const contents = `import { confusionMatrix, evaluateCoco } from './index.ts';
        ${program}
        console.log(process.resourceUsage().maxRSS / 1024);`;
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: source, loader: 'ts' },
        bundle: true,
        format: 'esm',
        platform: 'node',
        write: false,
        logLevel: 'error',
      });
      const file = join(dir, `${i}.mjs`);
      writeFileSync(file, outputFiles[0].text);
      measured[name] = Number(execFileSync(process.execPath, [file], { encoding: 'utf8' }));
    }
    return measured;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
