/**
 * Records a peer's figures into a fixture:
 *
 *     node --conditions=@gdarknet/source packages/metrics/src/testing/peers/record.ts <name of the fixture>
 *
 * python3 must import the peer (PYTHONPATH, PYTHON name another); nothing of it is in this repository.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { casesOf, type FixtureName, fixtureNames } from './cases.ts';

const name = process.argv[2] as FixtureName;
if (!fixtureNames.includes(name)) throw new Error(`name one of ${fixtureNames.join(', ')}`);
const { peer, script, cases } = casesOf(name);
const input = cases.map((row) => JSON.stringify(row)).join('\n');
const python = process.env.PYTHON ?? 'python3';
const output = execFileSync(python, [fileURLToPath(new URL(script, import.meta.url))], {
  input,
  encoding: 'utf8',
  maxBuffer: 2 ** 30,
});
const rows = output.trim().split('\n');
if (rows.length !== cases.length) throw new Error(`${cases.length} cases and ${rows.length} answers`);
const file = fileURLToPath(new URL(`../../fixtures/${name}.json`, import.meta.url));
const command = `record.ts ${name}`;
writeFileSync(file, `{"peer": ${JSON.stringify(peer)}, "command": "${command}", "cases": [\n${rows.join(',\n')}\n]}\n`);
console.log(`${rows.length} cases in ${file}`);
