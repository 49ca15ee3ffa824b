/**
 * From the words of a command line to a command and its values. Options may stand anywhere, as in Darknet. `--name` may
 * also be written `--na_me` where it holds a dash, and with a single dash, as Darknet's programs and scripts do.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { Command } from './command.ts';
import { nearest } from './nearest.ts';
import type { OptionTable } from './option.ts';

export type Usage = { readonly tag: 'usage'; readonly command?: Command; readonly problems: readonly string[] };

export const usageText = ({ problems }: Usage): string => problems.join('; ');

export type Request =
  | { readonly tag: 'run'; readonly command: Command; readonly values: Readonly<Record<string, unknown>> }
  | { readonly tag: 'help'; readonly command?: Command; readonly topic?: string }
  | { readonly tag: 'version' };

/** `resultsDir` -> `--results-dir` */
export const spelled = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Every way to write each option of a table. A spelling that the table names wins over one that follows from a rule. */
const spellingsOf = (options: OptionTable): ReadonlyMap<string, string> => {
  const keys = Object.keys(options);
  const byRule = keys.flatMap((key) => {
    const long = spelled(key);
    const underscored = `--${long.slice(2).replaceAll('-', '_')}`;
    return [underscored.slice(1), long.slice(1), underscored, long].map((word) => [word, key] as const);
  });
  const named = keys.flatMap((key) => options[key].spellings.map((word) => [word, key] as const));
  return new Map([...byRule, ...named]);
};

const isOption = (word: string): boolean => word.length > 1 && word.startsWith('-') && !/^-[.\d]/.test(word);
const helpWords: readonly string[] = ['--help', '-h', '-help'];

type Words = {
  readonly plain: readonly string[];
  readonly given: Readonly<Record<string, readonly string[]>>;
  readonly problems: readonly string[];
};

const split = (argv: readonly string[], options: OptionTable, name: string): Words => {
  const spellings = spellingsOf(options);
  const plain: string[] = [];
  const problems: string[] = [];
  const given: Record<string, string[]> = {};
  const unknown = (word: string): void => {
    const near = nearest(word, [...Object.keys(options).map(spelled), ...spellings.keys()]);
    problems.push(`${name} has no option ${word}${near ? `; did you mean ${near}?` : '; see its help'}`);
  };
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i];
    if (word === '--') {
      for (const rest of argv.slice(i + 1)) plain.push(rest);
      break;
    }
    if (!isOption(word)) {
      plain.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const spelling = equals < 0 ? word : word.slice(0, equals);
    const key = spellings.get(spelling);
    if (key === undefined) {
      unknown(spelling);
      continue;
    }
    given[key] ??= [];
    if (options[key].placeholder === undefined) {
      if (equals >= 0) problems.push(`${spelling} takes no value, found ${JSON.stringify(word.slice(equals + 1))}`);
      given[key].push('');
    } else if (equals >= 0) given[key].push(word.slice(equals + 1));
    else if (i + 1 < argv.length && !spellings.has(argv[i + 1])) given[key].push(argv[++i]);
    else problems.push(`${spelling} needs a value: ${spelling} <${options[key].placeholder}>`);
  }
  return { plain, given, problems };
};

/** Deals the plain words to the positionals: those that must be there first, the rest from the left. */
const deal = ({ plain, given: options }: Words, { positionals, path }: Command) => {
  const given: Record<string, readonly string[]> = {};
  const missing: string[] = [];
  let at = 0;
  for (const [name, { amount, unless }] of Object.entries(positionals)) {
    const count = amount === 'any' ? plain.length - at : Math.min(1, plain.length - at);
    given[name] = plain.slice(at, at + count);
    at += count;
    const spared = unless !== undefined && options[unless] !== undefined;
    if (amount === 'one' && count === 0 && !spared) missing.push(`<${name}> is missing: ${positionals[name].doc}`);
  }
  const extra = plain.slice(at).map((word) => `${path.join(' ')} does not take ${JSON.stringify(word)}`);
  return { given, missing, extra };
};

export const parseCommand = (command: Command, argv: readonly string[]): E.Either<Usage, Request> => {
  if (argv.some((word) => helpWords.includes(word))) return E.right({ tag: 'help', command });
  const words = split(argv, command.options, command.path.join(' '));
  const dealt = deal(words, command);
  // A word too many is most often the value of an option that does not exist, which has been told.
  const problems =
    words.problems.length > 0 ? [...words.problems, ...dealt.missing] : [...dealt.missing, ...dealt.extra];
  const values: Record<string, unknown> = {};
  for (const [name, positional] of Object.entries(command.positionals)) {
    values[name] = positional.read(dealt.given[name]);
  }
  for (const [key, option] of Object.entries(command.options)) {
    const texts = words.given[key] ?? [];
    if (option.needed && texts.length === 0) {
      const already = words.problems.some((problem) => problem.startsWith(`${spelled(key)} needs`));
      if (!already) problems.push(`${spelled(key)} <${option.placeholder}> is missing: ${option.doc}`);
      continue;
    }
    const read = option.read(texts);
    if (E.isRight(read)) values[key] = read.right;
    else if (texts.length > 0) {
      const found = JSON.stringify(texts[texts.length - 1]);
      problems.push(`${spelled(key)}: expected ${read.left}, found ${found}`);
    }
  }
  return problems.length > 0 ? E.left({ tag: 'usage', command, problems }) : E.right({ tag: 'run', command, values });
};

/** Whether any command's option of this spelling takes the word behind it. */
const takesValue = (commands: readonly Command[], word: string): boolean =>
  !word.includes('=') &&
  commands.some(({ options }) => {
    const key = spellingsOf(options).get(word);
    return key !== undefined && options[key].placeholder !== undefined;
  });

type Match = { readonly command: Command; readonly at: readonly number[] };

/** The command with the longest path (or alias) that the first plain words spell. */
const match = (commands: readonly Command[], argv: readonly string[]): Match | undefined => {
  const plain: number[] = [];
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--') break;
    if (!isOption(argv[i])) plain.push(i);
    else if (takesValue(commands, argv[i])) i++;
  }
  const matches = commands.flatMap((command) =>
    [command.path, ...command.aliases]
      .filter((path) => path.every((word, i) => argv[plain[i] ?? -1] === word))
      .map((path) => ({ command, at: plain.slice(0, path.length) })),
  );
  return matches.sort((a, b) => b.at.length - a.at.length)[0];
};

const unknownCommand = (commands: readonly Command[], words: readonly string[]): Usage => {
  const inGroup = commands.filter(({ path, aliases }) => [path, ...aliases].some((p) => p[0] === words[0]));
  if (inGroup.length > 0) {
    const forms = inGroup.flatMap(({ path, aliases }) => [path, ...aliases].filter((p) => p[0] === words[0]));
    const expected = forms.map((path) => path.slice(1).join(' ')).join(', ');
    const found = words[1] === undefined ? 'nothing' : JSON.stringify(words[1]);
    return { tag: 'usage', problems: [`${words[0]}: expected one of ${expected}, found ${found}`] };
  }
  const names = commands.flatMap(({ path, aliases }) => [path, ...aliases].map((p) => p.join(' ')));
  const near = nearest(words.slice(0, 2).join(' '), names) ?? nearest(words[0], names);
  return { tag: 'usage', problems: [`there is no command ${words[0]}${near ? `; did you mean ${near}?` : ''}`] };
};

export const parse = (commands: readonly Command[], argv: readonly string[]): E.Either<Usage, Request> => {
  const [first, ...rest] = argv;
  if (first === 'help') {
    if (rest.length === 0) return E.right({ tag: 'help' });
    const found = match(commands, rest);
    if (found) return E.right({ tag: 'help', command: found.command });
    const isGroup = commands.some(({ path }) => path[0] === rest[0]);
    return isGroup ? E.right({ tag: 'help', topic: rest[0] }) : E.left(unknownCommand(commands, rest));
  }
  const found = match(commands, argv);
  if (found) {
    return parseCommand(
      found.command,
      argv.filter((_, i) => !found.at.includes(i)),
    );
  }
  if (argv.some((word) => word === '--version' || word === '-v' || word === 'version'))
    return E.right({ tag: 'version' });
  const words = argv.filter((word) => !isOption(word));
  if (argv.some((word) => helpWords.includes(word))) return E.right({ tag: 'help', topic: words[0] });
  if (words.length > 0) return E.left(unknownCommand(commands, words));
  const problem = argv.length === 0 ? 'expected a command' : `expected a command, found ${argv[0]}`;
  return E.left({ tag: 'usage', problems: [problem] });
};
