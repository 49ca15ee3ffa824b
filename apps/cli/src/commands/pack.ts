/** `gdarknet pack`: the program as one folder for a machine without network. */
import { existsSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { repeated } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { text } from '../arguments/value.ts';
import { type Failure, refused, thrown } from '../core/failure.ts';
import { closureOf } from '../experiments/closure.ts';
import { packInto } from '../experiments/pack.ts';

const checked = (out: string, without: readonly string[], extras: readonly string[]) => {
  const closure = closureOf(without);
  const absent = extras.filter((extra) => !existsSync(extra));
  const problem = [
    ...(existsSync(out) ? [refused(`${out}: is there already`, 'name a folder that is not')] : []),
    ...(absent.length > 0 ? [refused(`--with ${absent.join(', ')}: not there`, 'name files or folders')] : []),
    ...(closure.missing.length > 0
      ? [refused(`not installed: ${closure.missing.join('; ')}`, 'install it first')]
      : []),
  ][0];
  return problem ? TE.left<Failure>(problem) : TE.right<Failure, typeof closure>(closure);
};

export const pack = command({
  path: ['pack'],
  product: 'files',
  summary: 'Write one self-contained folder, Node included, that runs on a machine without network.',
  details: [
    'It runs on machines of the same system and processor: `<out>/gdarknet help`. GPUs are used through what is installed there (a Vulkan driver); --without webgpu leaves that part, the largest, out.',
  ],
  examples: [
    'gdarknet pack gdarknet-offline --with voc --with darknet53.conv.74',
    'tar czf gdarknet.tgz gdarknet-offline',
  ],
  positionals: { out: one('the folder to write') },
  options: {
    with: repeated(text, { placeholder: 'path', doc: 'a file or folder to take along in files/; may be repeated' }),
    without: repeated(text, { placeholder: 'package', doc: 'an npm package to leave out; may be repeated' }),
    json,
  },
  run: ({ out, with: extras, without, json }, context) =>
    pipe(
      checked(out, without, extras),
      TE.flatMap((closure) =>
        TE.tryCatch(async () => {
          const part = `${out}.${process.pid}.part`;
          try {
            const program = realpathSync(process.argv[1] ?? '');
            packInto({ out: part, closure, flags: process.execArgv, program, extras });
            renameSync(part, out);
          } finally {
            rmSync(part, { recursive: true, force: true });
          }
          return closure;
        }, thrown),
      ),
      TE.map(({ members }) => {
        const packages = members.map(({ name, version }) => `${name} ${version}`);
        context.tell(`${packages.length} packages, Node ${process.version}`);
        return context.print(json ? JSON.stringify({ folder: out, node: process.version, packages }) : out);
      }),
    ),
});
