/** One run of the command line: words to a command, its outcome to messages and an exit status. */
import * as E from 'fp-ts/lib/Either.js';
import type { Command } from './arguments/command.ts';
import { commandHelp, overview, usageLine } from './arguments/help.ts';
import { parse, type Usage } from './arguments/parse.ts';
import { commands } from './commands/table.ts';
import { type Context, contextOf, type Streams, type World, worldOf } from './core/context.ts';
import { exitStatus, type Failure, refused, showFailure, statusOf, thrown } from './core/failure.ts';
import { showLoss } from './core/streams.ts';
import { version } from './core/version.ts';

const tellUsage = (context: Context, { command, problems }: Usage): void => {
  for (const problem of problems) context.tell(`gdarknet: ${problem}`);
  context.tell(command ? `usage: ${usageLine(command)}` : 'usage: gdarknet <command> [arguments]');
  context.tell(`try: gdarknet help${command ? ` ${command.path.join(' ')}` : ''}`);
};

const tellFailure = (context: Context, failure: Failure): void => {
  for (const line of showFailure(failure)) context.tell(`gdarknet: ${line}`);
};

/** A command whose product is stdout has no work left without it. */
const endWithStdout = (world: World, context: Context): void =>
  world.onLoss(({ stream, code, reason }) => {
    if (stream !== 'stdout') return;
    if (code === 'EPIPE') world.end(exitStatus.done);
    tellFailure(context, refused(`stdout cannot be written: ${reason}`, 'write it where there is room'));
    world.end(exitStatus.failed);
  });

/** What was lost of the output, at the end; the status is that of a failure where stdout was part of what was asked for. */
const settle = async (product: Command['product'], { losses, tell }: Context): Promise<number> => {
  // A loss is heard of in a later turn than the write.
  await new Promise((resolve) => setImmediate(resolve));
  for (const loss of losses) tell(`note: ${showLoss(loss)}`);
  const short = losses.some(({ stream, code }) => stream === 'stdout' && code !== 'EPIPE');
  return short && product !== 'files' ? exitStatus.failed : exitStatus.done;
};

/** For a program that calls the command: three streams, and a signal that asks to end. Never throws; gives the exit status. */
export const run = (argv: readonly string[], streams: Streams, signal: AbortSignal): Promise<number> =>
  runIn(argv, worldOf(streams, signal));

/** The same in a process of its own. */
export const runIn = async (argv: readonly string[], world: World): Promise<number> => {
  const context = contextOf(world, argv);
  const request = parse(commands, argv);
  if (E.isLeft(request)) {
    tellUsage(context, request.left);
    return statusOf(request.left);
  }
  const { right } = request;
  const product = right.tag === 'run' ? right.command.product : 'stdout';
  if (product === 'stdout') endWithStdout(world, context);
  if (right.tag === 'version') context.print(version);
  else if (right.tag === 'help') {
    context.print(right.command ? commandHelp(right.command) : overview(commands, right.topic));
  } else {
    const outcome = await right.command
      .run(right.values, context)()
      .catch((error: unknown) => E.left<Failure>(thrown(error)));
    if (E.isLeft(outcome)) {
      tellFailure(context, outcome.left);
      return statusOf(outcome.left);
    }
  }
  return settle(product, context);
};
