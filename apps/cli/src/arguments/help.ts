/** The help, from the tables. */
import type { Command } from './command.ts';
import { spelled } from './parse.ts';

const width = 100;

const wrap = (text: string, indent: number): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width - indent) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
};

/** Two columns; a left part that is too long gets a line of its own. */
const columns = (rows: readonly (readonly [string, string])[]): readonly string[] => {
  const left = rows.reduce((most, [name]) => Math.min(32, Math.max(most, name.length)), 0);
  return rows.flatMap(([name, doc]) => {
    const lines = wrap(doc, left + 4);
    const [head, tail] = name.length > left ? [[`  ${name}`], lines] : [[], lines];
    return [
      ...head,
      ...tail.map((line, i) => `  ${(i === 0 && head.length === 0 ? name : '').padEnd(left)}  ${line}`.trimEnd()),
    ];
  });
};

const brackets = { one: ['<', '>'], maybe: ['[', ']'], any: ['[', '...]'] } as const;

export const usageLine = ({ path, positionals, options }: Command): string => {
  const names = Object.entries(positionals).map(([name, { amount }]) => brackets[amount].join(name));
  const needed = Object.entries(options)
    .filter(([, option]) => option.needed)
    .map(([key, option]) => `${spelled(key)} <${option.placeholder}>`);
  const others = Object.values(options).some((option) => !option.needed) ? ['[options]'] : [];
  return ['gdarknet', ...path, ...names, ...needed, ...others].join(' ');
};

const optionRow = (key: string, option: Command['options'][string]): readonly [string, string] => {
  const name = `${spelled(key)}${option.placeholder === undefined ? '' : ` <${option.placeholder}>`}`;
  const also = option.spellings.length > 0 ? ` (also ${option.spellings.join(', ')})` : '';
  const shown = option.shown === undefined ? '' : ` [${option.shown}]`;
  return [name, `${option.doc}${shown}${also}`];
};

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length > 0 ? ['', title, ...lines] : [];

export const commandHelp = (command: Command): string =>
  [
    `usage: ${usageLine(command)}`,
    ...command.aliases.map((alias) => `   or: ${usageLine({ ...command, path: alias })}`),
    '',
    ...wrap(command.summary, 0),
    ...command.details.flatMap((paragraph) => ['', ...wrap(paragraph, 0)]),
    ...section('arguments:', columns(Object.entries(command.positionals).map(([name, { doc }]) => [name, doc]))),
    ...section('options:', columns(Object.entries(command.options).map(([key, option]) => optionRow(key, option)))),
    ...section(
      'examples:',
      command.examples.map((example) => `  ${example}`),
    ),
  ].join('\n');

/** All commands, or those of a group (`eval`). */
export const overview = (commands: readonly Command[], topic?: string): string => {
  const group = commands.filter(({ path }) => path[0] === topic);
  const shown = group.length > 0 ? group : commands;
  return [
    'usage: gdarknet <command> [arguments]',
    '',
    'commands:',
    ...columns(shown.map(({ path, summary }) => [path.join(' '), summary])),
    '',
    'gdarknet help <command> tells more. Commands and options are also taken as Darknet spells them:',
    'gdarknet detector train|valid|valid2|recall|test|demo, gdarknet detect, -thresh, -out, -prefix, -gpus, -clear, -i.',
    'Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.',
  ].join('\n');
};
