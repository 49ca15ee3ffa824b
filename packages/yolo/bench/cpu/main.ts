/**
 * The CPU device against its peers: `npm run bench:cpu -- [--only gemm,inference,training,growth] [--threads 1,2]
 * [--rounds 9] [--json file]`; with `--against <checkout>` against another checkout of this repository in place of them.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openDevice } from '@gdarknet/tensor';
import { benchGemm } from './gemm.ts';
import { benchGrowth } from './growth.ts';
import { benchInference } from './inference.ts';
import { measured, yoloFastest } from './networks.ts';
import type { Row } from './rounds.ts';
import { benchTraining } from './training.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'gemm,inference,training,growth' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '9' },
    json: { type: 'string' },
  },
});
const only = values.only.split(',');
const rounds = Number(values.rounds);
const rows: Row[] = [];
const device = await openDevice('wasm');
console.log(
  `Node ${process.version}, ${device.description}; medians of ${rounds} rounds, ours then theirs, the ratio below 1 is faster`,
);
await device.close();
for (const threads of values.threads.split(',').map(Number)) {
  if (only.includes('gemm')) rows.push(...(await benchGemm(threads, rounds)));
  if (only.includes('inference')) {
    for (const network of measured) rows.push(...(await benchInference(network, threads, rounds)));
    if (!yoloFastest) console.log('yolo-fastest-1.1 is left out: its cfg is not at hand');
  }
  if (only.includes('training')) rows.push(...(await benchTraining(threads, rounds)));
  if (only.includes('growth')) await benchGrowth(threads);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
