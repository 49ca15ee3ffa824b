/** Writes a job's files, and hands it to Slurm when asked. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from '@gdarknet/data';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { parseCommand, usageText } from '../arguments/parse.ts';
import { json } from '../arguments/shared-options.ts';
import { text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, refused } from '../core/failure.ts';
import { writeSet } from '../outputs/write-set.ts';
import { manifestText } from './kubernetes.ts';
import { type Resources, resourceOptions } from './resources.ts';
import { scriptText, type Task, tasksText } from './script.ts';

export const jobOptions = {
  ...resourceOptions,
  name: optional(text, { placeholder: 'name', doc: 'of the job and its files' }),
  batchDir: withDefault(text, 'batch', { placeholder: 'dir', doc: 'where <name>.sbatch, <name>.tasks and out/ go' }),
  submit: flag('hand the job to sbatch'),
  wait: flag('with --submit: end when the job has ended, and fail when it has'),
  dependency: optional(text, { placeholder: 'afterok:<job>', doc: "sbatch's --dependency" }),
  gdarknet: optional(text, { placeholder: 'command', doc: 'how a task calls gdarknet [as it was called now]' }),
  kubernetes: optional(text, {
    placeholder: 'image',
    doc: 'also write <name>.yaml: the same tasks as a Kubernetes Indexed Job of this container image',
  }),
  claim: withDefault(text, 'gdarknet', {
    placeholder: 'name',
    doc: 'the volume claim that holds this folder, for --kubernetes',
  }),
  json,
};

export type JobChoice = Resources & {
  readonly name: string | undefined;
  readonly batchDir: string;
  readonly submit: boolean;
  readonly wait: boolean;
  readonly dependency: string | undefined;
  readonly gdarknet: string | undefined;
  readonly kubernetes: string | undefined;
  readonly claim: string;
  readonly json: boolean;
};

/** Slurm's own default is 1001, and it counts from 0. */
const usualArray = 1000;

/** As this process was called: the same Node, the same program. */
const ownCall = (): readonly string[] => [
  process.execPath,
  ...process.execArgv,
  resolve(process.argv[1] ?? 'gdarknet'),
];

type Sbatch = { readonly job: number | undefined };

const sbatch = (script: string, { wait, dependency }: JobChoice, { tell }: Context): TE.TaskEither<Failure, Sbatch> => {
  const words = [
    '--parsable',
    ...(dependency ? [`--dependency=${dependency}`] : []),
    ...(wait ? ['--wait'] : []),
    script,
  ];
  return TE.tryCatch(
    async () => {
      const { stdout } = await promisify(execFile)('sbatch', words);
      const job = Number.parseInt(stdout, 10);
      tell(`submitted as job ${job}`);
      return { job };
    },
    (error) =>
      refused(
        `sbatch ${words.join(' ')}: ${reasonOf(error)}`,
        wait ? 'look into the tasks’ output in out/' : 'run this on a machine of the cluster, or leave --submit out',
      ),
  );
};

const report = (
  files: readonly string[],
  tasks: number,
  job: number | undefined,
  asJson: boolean,
  { print }: Context,
): void => {
  if (asJson) print(JSON.stringify({ files, tasks, job: job ?? null }));
  else print(files.filter((file) => !file.endsWith('.tasks')).join('\n'));
};

/** A task that `command` would refuse is found here, not when its turn on the cluster has come. */
const checkTask = (
  command: Command,
  { words }: Task,
  { dependency }: Pick<JobChoice, 'dependency'>,
): E.Either<Failure, void> => {
  const request = parseCommand(command, words.slice(command.path.length));
  if (E.isLeft(request)) return E.left(refused(`${words.join(' ')}: ${usageText(request.left)}`, 'correct --with'));
  const values = request.right.tag === 'run' ? request.right.values : {};
  // What a job makes that runs before need not be there yet.
  const named = dependency === undefined ? [values.data, values.cfg, values.weights] : [];
  const missing = named.find((file) => typeof file === 'string' && !existsSync(file));
  return missing === undefined
    ? E.right(undefined)
    : E.left(refused(`${missing}: is not there`, 'correct the path, or give --dependency when a job makes it'));
};

/** Tasks of one command; `name` when the command line has none. */
export const writeJob = (
  command: Command,
  tasks: readonly Task[],
  name: string,
  choice: JobChoice,
  context: Context,
): TE.TaskEither<Failure, void> => {
  const folder = choice.batchDir;
  const at = (extension: string): string => join(folder, `${name}.${extension}`);
  const output = resolve(folder, 'out');
  const cwd = process.cwd();
  const call = choice.gdarknet === undefined ? ownCall() : choice.gdarknet.split(/\s+/);
  const job = { name, tasks: tasks.length, output };
  const script = scriptText({ job, resources: choice, cwd, tasksFile: at('tasks'), call });
  const manifest = (image: string): string =>
    manifestText({
      name,
      tasks: tasks.length,
      script: at('sbatch'),
      image,
      claim: choice.claim,
      mount: cwd,
      resources: choice,
    });
  const files = [
    { path: at('tasks'), content: tasksText(tasks) },
    { path: at('sbatch'), content: script },
    ...(choice.kubernetes ? [{ path: at('yaml'), content: manifest(choice.kubernetes) }] : []),
  ];
  return pipe(
    TE.fromEither(A.traverse(E.Applicative)((task: Task) => checkTask(command, task, choice))(tasks)),
    TE.flatMap(() => writeSet(files)),
    TE.tapIO(() => () => {
      mkdirSync(output, { recursive: true });
      context.tell(`${tasks.length} task${tasks.length === 1 ? '' : 's'} in ${at('tasks')}`);
      if (tasks.length > usualArray) {
        context.tell(
          `note: most Slurms take arrays of ${usualArray} at most (MaxArraySize); fewer shards make fewer tasks`,
        );
      }
    }),
    TE.flatMap(() =>
      choice.submit ? sbatch(at('sbatch'), choice, context) : TE.right<Failure, Sbatch>({ job: undefined }),
    ),
    TE.map(({ job: number }) =>
      report(
        files.map(({ path }) => path),
        tasks.length,
        number,
        choice.json,
        context,
      ),
    ),
  );
};

/** Words of a text as a shell would split it, for the options that are passed on. */
export const splitWords = (given: string): readonly string[] =>
  [...given.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );

/** The options that are passed on to the command that a task runs. */
export const withOption = optional(text, {
  placeholder: 'options',
  doc: 'more options of the command that each task runs, in one word: --with "--seed 3 --threads 4"',
});
