/** Every command line in docs/ is one that the command line takes. */
import { readdirSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { parse } from '../arguments/parse.ts';
import { splitWords } from '../slurm/submit.ts';
import { commands } from './table.ts';

const folder = new URL('../../docs/', import.meta.url);

const blocks = (text: string): readonly string[] =>
  [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) => block.replaceAll('\\\n', ' ').split('\n'));

const lines = readdirSync(folder).flatMap((file) =>
  blocks(readFileSync(new URL(file, folder), 'utf8')).filter((line) => line.startsWith('gdarknet ')),
);

describe('docs', () => {
  it('have examples', () => expect(lines.length).toBeGreaterThan(5));

  it.each(lines)('%s', (line) => {
    const request = parse(commands, splitWords(line).slice(1));
    expect(E.isRight(request) ? request.right.tag : request.left.problems).toBe('run');
  });
});

describe('examples of the help', () => {
  const examples = commands
    .flatMap((command) => command.examples.flatMap((line) => line.split(' && ')))
    .filter((line) => line.startsWith('gdarknet '));

  it.each(examples)('%s', (line) => {
    const request = parse(commands, splitWords(line).slice(1));
    expect(E.isRight(request) ? request.right.tag : request.left.problems).toBe('run');
  });
});
