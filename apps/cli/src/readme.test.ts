/** The README's lines are run as they stand. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from './arguments/parse.ts';
import { commands } from './commands/table.ts';
import { run } from './run.ts';
import { gdarknet } from './testing/cli.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'gdarknet-readme-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('README', () => {
  it('the example runs from the set to its AP', async () => {
    const lines = /```sh\n([^`]+)```/.exec(readme)?.[1].trim().split('\n') ?? [];
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const { status, stdout, stderr } = await gdarknet(line.split(' ').slice(1), { cwd });
      expect(status, `${line}\n${stderr}`).toBe(0);
      expect(stdout, line).not.toBe('');
    }
  });

  it("every line of the table of Darknet's commands can be read", () => {
    const rows = [...readme.matchAll(/\| `(gdarknet [^`]+)` +\|$/gm)].map(([, line]) => line);
    expect(rows.length).toBeGreaterThan(7);
    for (const row of rows) expect(E.isRight(parse(commands, row.split(' ').slice(1))), row).toBe(true);
  });

  it('a program may call it', async () => {
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text) };
    const streams = { stdout: sink, stderr: sink, stdin: process.stdin };
    expect(await run(['devices', '--json'], streams, new AbortController().signal)).toBe(0);
    expect(JSON.parse(written.join('')).map(({ name }: { name: string }) => name)).toEqual([
      'webgpu',
      'wasm',
      'reference',
    ]);
  });
});
