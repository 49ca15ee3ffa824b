#!/usr/bin/env node
import { exitStatus } from './core/failure.ts';
/** The `gdarknet` command. */
import { run } from './run.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Asked twice: now, whatever is going on. Files are replaced whole, so nothing is left half-written.
    if (interruption.signal.aborted) process.exit(exitStatus.interrupted);
    interruption.abort();
  });
}
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitStatus.done);
  throw error;
});

run(process.argv.slice(2), process, interruption.signal).then((status) => {
  process.exitCode = status;
});
