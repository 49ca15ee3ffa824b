/**
 * What becomes of the public cfgs: `npm run -s zoo-table -- <folder of cfgs> [<zoo.json>]` prints a Markdown table, one row a
 * cfg: parameters and bytes of weights, equal to those of AlexeyAB's program where `zoo.json` holds its figures, or the
 * refusal. The exit status is 1 when one loads as another network than that program's.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromSource, node, root, setup } from './setup.mjs';

setup();
const script = join(fileURLToPath(new URL('.', import.meta.url)), '../packages/yolo/bench/zoo/main.ts');
const { status } = spawnSync(node, [...fromSource, script, ...process.argv.slice(2)], {
  cwd: process.env.INIT_CWD ?? root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
