/** One run of the command line: words to a command, its outcome to messages and an exit status. */
import * as E from 'fp-ts/lib/Either.js';
import { commandHelp, overview, usageLine } from './arguments/help.ts';
import { parse, type Usage } from './arguments/parse.ts';
import { commands } from './commands/table.ts';
import { type Context, contextOf, type Streams } from './core/context.ts';
import { exitStatus, type Failure, showFailure, statusOf, thrown } from './core/failure.ts';
import { version } from './core/version.ts';

const tellUsage = (context: Context, { command, problems }: Usage): void => {
  for (const problem of problems) context.tell(`gdarknet: ${problem}`);
  context.tell(command ? `usage: ${usageLine(command)}` : 'usage: gdarknet <command> [arguments]');
  context.tell(`try: gdarknet help${command ? ` ${command.path.join(' ')}` : ''}`);
};

const tellFailure = (context: Context, failure: Failure): void => {
  for (const line of showFailure(failure)) context.tell(`gdarknet: ${line}`);
};

/** Never throws; gives the exit status. */
export const run = async (argv: readonly string[], streams: Streams, signal: AbortSignal): Promise<number> => {
  const context = contextOf(streams, argv, signal);
  const request = parse(commands, argv);
  if (E.isLeft(request)) {
    tellUsage(context, request.left);
    return statusOf(request.left);
  }
  const { right } = request;
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
  return exitStatus.done;
};
