/** The public cfgs as a Markdown table: loads as in AlexeyAB's program, or is refused (`npm run zoo-table`). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { foldFaults, parseNetwork, showFault } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { differences, type Printed } from '../../src/darknet/testing/printed-table.ts';

const [folder, figures] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run -s zoo-table -- <folder of cfgs> [<zoo.json>]');
  process.exit(2);
}
const printed: Readonly<Record<string, Printed>> =
  figures === undefined ? {} : JSON.parse(readFileSync(figures, 'utf8'));

type Row = { readonly name: string; readonly cells: readonly string[]; readonly outcome: string };

const rowOf = (name: string): Row => {
  const result = parseNetwork(readFileSync(join(folder, name), 'utf8'), { file: name });
  if (E.isLeft(result)) {
    const [reason, ...more] = foldFaults(result.left).map(showFault);
    const text = `${reason.replace(/ expected .*, found/, ' found')}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
    return { name, cells: ['', '', '', `refused: ${text}`], outcome: 'refused' };
  }
  const { parameters, layers } = result.right.value;
  const expected = printed[name.replace(/\.cfg$/, '')];
  const differing = expected && differences(result.right.value, expected);
  const outcome = !expected
    ? 'loads'
    : differing?.length
      ? 'another network'
      : expected.exit === 0
        ? 'equal'
        : 'its program dies';
  return {
    name,
    cells: [`${layers.length}`, `${parameters}`, `${4 * parameters + 20}`, differing?.[0] ?? outcome],
    outcome,
  };
};

const rows = readdirSync(folder)
  .filter((name) => name.endsWith('.cfg'))
  .sort()
  .map(rowOf);
console.log('| cfg | layers | parameters | bytes of weights | outcome |\n| --- | --- | --- | --- | --- |');
for (const { name, cells } of rows)
  console.log(`| ${[name, ...cells].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
const counts = new Map<string, number>();
for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
console.log(`\n${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`);
process.exitCode = counts.has('another network') ? 1 : 0;
