#!/usr/bin/env node
/** The `gdarknet` command. */
import { exitStatus } from './core/failure.ts';
import { listen } from './core/signals.ts';
import { guardStreams } from './core/streams.ts';
import { runIn } from './run.ts';

const { stdout, stderr, ...streams } = guardStreams(process);
/** What would be lost if the process ended now. */
let atRisk: (() => string | undefined) | undefined;

const signals = listen(() => {
  // Files are replaced whole, so nothing is left half-written.
  const lost = atRisk?.();
  stderr.write(`gdarknet: interrupted again: ended at once${lost === undefined ? '' : `; lost: ${lost}`}\n`);
  process.exit(exitStatus.interrupted);
});

runIn(process.argv.slice(2), {
  stdout,
  stderr,
  stdin: process.stdin,
  ...streams,
  ...signals,
  end: (status) => process.exit(status),
  onRisk: (told) => {
    atRisk = told;
  },
}).then((status) => {
  process.exitCode = status;
});
