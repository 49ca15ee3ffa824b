import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, it } from 'vitest';
import { commands } from '../commands/table.ts';
import { any, command, maybe, one } from './command.ts';
import { duration } from './duration.ts';
import { commandHelp, overview } from './help.ts';
import { flag, needed, optional, repeated, withDefault } from './option.ts';
import { parse, spelled } from './parse.ts';
import { listOf, number, oneOf, text, whole } from './value.ts';

const run = () => TE.right(undefined);
const tenMinutes = withDefault(duration, 600_000, { placeholder: 'time', doc: 'look again' });
const noSeeds = withDefault(listOf(whole()), [], { placeholder: 'n', doc: 'seeds' });
const table = [
  command({
    path: ['test'],
    aliases: [['detector', 'test']],
    product: 'files',
    summary: 'Detect.',
    positionals: { data: one('the data'), weights: maybe('weights'), images: any('pictures') },
    options: {
      thresh: withDefault(number({ min: 0, max: 1 }), 0.5, { placeholder: 't', doc: 'least score' }),
      out: optional(text, { placeholder: 'dir', doc: 'folder' }),
      outStem: optional(text, { placeholder: 'stem', doc: 'stem', spellings: ['-out'] }),
      gpus: optional(listOf(whole({ min: 0 })), { placeholder: 'n', doc: 'GPUs' }),
      ignore: repeated(text, { placeholder: 'key', doc: 'drop a key' }),
      clear: flag('start anew'),
    },
    run,
  }),
  command({
    path: ['eval', 'voc'],
    product: 'files',
    summary: 'Score.',
    positionals: {},
    options: {
      dataFile: needed(text, { placeholder: 'file', doc: 'the data' }),
      metric: withDefault(oneOf('iou', 'giou'), 'iou', { placeholder: 'm', doc: 'metric' }),
    },
    run,
  }),
];

const values = (...argv: string[]) => {
  const request = parse(table, argv);
  if (E.isLeft(request)) throw new Error(request.left.problems.join('; '));
  if (request.right.tag !== 'run') throw new Error(request.right.tag);
  return request.right.values;
};
const problems = (...argv: string[]): readonly string[] => {
  const request = parse(table, argv);
  return E.isLeft(request) ? request.left.problems : [];
};

describe('words to a command', () => {
  it('defaults stand in', () => {
    expect(values('test', 'x.data')).toEqual({
      data: 'x.data',
      weights: undefined,
      images: [],
      thresh: 0.5,
      out: undefined,
      outStem: undefined,
      gpus: undefined,
      ignore: [],
      clear: false,
    });
  });

  it('options stand anywhere, before the command too, with one dash or two, with underscores', () => {
    const expected = { data: 'd', weights: 'w', images: ['a', 'b'], thresh: 0.25, clear: true };
    expect(values('-thresh', '.25', 'detector', '-clear', 'test', 'd', 'w', 'a', 'b')).toMatchObject(expected);
    expect(values('test', 'd', '--clear', 'w', 'a', '--thresh=0.25', 'b')).toMatchObject(expected);
    expect(values('eval', 'voc', '--data_file', 'f')).toMatchObject({ dataFile: 'f' });
    expect(values('eval', 'voc', '--data-file', 'f', '-metric', 'giou')).toMatchObject({ metric: 'giou' });
  });

  it('a spelling of the original wins over the rule that makes one: -out is a stem, --out a folder', () => {
    expect(values('test', 'd', '-out', 's')).toMatchObject({ outStem: 's', out: undefined });
    expect(values('test', 'd', '--out', 's')).toMatchObject({ outStem: undefined, out: 's' });
  });

  it('lists, repetition, the last of several, words behind --, negative numbers', () => {
    expect(values('test', 'd', '-gpus', '0,1,2')).toMatchObject({ gpus: [0, 1, 2] });
    expect(values('test', 'd', '--ignore', 'a', '--ignore', 'b')).toMatchObject({ ignore: ['a', 'b'] });
    expect(values('test', 'd', '--thresh', '.1', '--thresh', '.2')).toMatchObject({ thresh: 0.2 });
    expect(values('test', 'd', '--', '--clear')).toMatchObject({ weights: '--clear', clear: false });
    expect(problems('test', 'd', '--thresh', '-1')).toEqual(['--thresh: expected a number from 0 to 1, found "-1"']);
  });

  it('all problems together, with what was expected', () => {
    expect(problems('eval', 'voc', '--metric', 'diou')).toEqual([
      '--data-file <file> is missing: the data',
      '--metric: expected iou or giou, found "diou"',
    ]);
    expect(problems('test')).toEqual(['<data> is missing: the data']);
    expect(problems('test', 'd', '--clear=yes', '--out')).toEqual([
      '--clear takes no value, found "yes"',
      '--out needs a value: --out <dir>',
    ]);
  });

  it('what is unknown comes with what is near', () => {
    expect(problems('test', 'd', '--tresh', '.1')).toEqual(['test has no option --tresh; did you mean --thresh?']);
    expect(problems('tst')).toEqual(['there is no command tst; did you mean test?']);
    expect(problems('eval', 'coco')).toEqual(['eval: expected one of voc, found "coco"']);
    expect(problems()).toEqual(['expected a command']);
  });
});

describe('the table of commands', () => {
  it('no two commands have a path in common', () => {
    const paths = commands.flatMap(({ path, aliases }) => [path, ...aliases].map((words) => words.join(' ')));
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('every command has a help that names all its options, and is in the overview', () => {
    for (const one of commands) {
      const help = commandHelp(one);
      for (const key of Object.keys(one.options)) expect(help).toContain(spelled(key));
      expect(overview(commands)).toContain(one.path.join(' '));
    }
  });

  it('what stands in is shown as it would be typed, nothing as nothing', () => {
    expect(commandHelp(command({ ...table[0], options: { every: tenMinutes, seeds: noSeeds } }))).toMatch(
      /again \[10m\]\n.*seeds$/,
    );
    for (const one of commands) expect(commandHelp(one)).not.toMatch(/\[\](?!\w)/);
  });

  it("the original's command lines are read", () => {
    for (const line of [
      'detector train voc.data yolov3.cfg darknet53.conv.74 -gpus 0 -clear',
      '-i 0 detector valid voc.data yolov3.cfg yolov3.weights -prefix results/1 -out comp4_',
      '-nogpu detector test voc.data yolov3.cfg yolov3.weights dog.jpg -thresh .25 -hier .5 -out dog -fullscreen',
      'detect yolov3.cfg yolov3.weights dog.jpg -thresh 0',
      'eval voc results/1 --voc_dir VOCdevkit --year 2007 --image_set test --classes voc.names --giou_metric',
    ]) {
      expect(parse(commands, line.split(' ')), line).toMatchObject({ right: { tag: 'run' } });
    }
  });
});
