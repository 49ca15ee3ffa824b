/** What a command may touch of the world: results on stdout, messages and progress on stderr, stdin, interruption. */
import { performance } from 'node:perf_hooks';
import { meter, progressText } from './progress.ts';
import type { SaveRequests } from './signals.ts';
import type { Sink, StreamLoss } from './streams.ts';

export type Progress = {
  /** `done` in all so far; `waitMs` more was spent waiting for data; `note` ends the line. */
  readonly advance: (done: number, waitMs?: number, note?: string) => void;
  readonly end: () => void;
};

export type Context = {
  /** The words of the command line, for records. */
  readonly argv: readonly string[];
  /** A result, one line or more. */
  readonly print: (text: string) => void;
  /** A message. */
  readonly tell: (text: string) => void;
  readonly progress: (label: string, total: number, unit?: string) => Progress;
  /** An end was asked for: Ctrl-C, a closed terminal, a cluster's limit. */
  readonly signal: AbortSignal;
  /** A save was asked for: SIGUSR1 or SIGUSR2, which clusters send before their limit. */
  readonly saves: SaveRequests;
  /** Streams that cannot be written any more. */
  readonly losses: readonly StreamLoss[];
  /** Says what would be lost if the process ended now. */
  readonly onRisk: (told: (() => string | undefined) | undefined) => void;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
};

export type Streams = { readonly stdout: Sink; readonly stderr: Sink; readonly stdin: Context['stdin'] };

/** What a command line is run with. */
export type World = Streams & {
  readonly interruption: AbortSignal;
  readonly saves: SaveRequests;
  readonly losses: readonly StreamLoss[];
  readonly onLoss: (listener: (loss: StreamLoss) => void) => void;
  readonly onRisk: Context['onRisk'];
  /** Ends the process at once. */
  readonly end: (status: number) => void;
};

/** Streams that never fail, in a process that nobody signals to. */
export const worldOf = (streams: Streams, interruption: AbortSignal): World => ({
  ...streams,
  interruption,
  saves: { taken: () => false },
  losses: [],
  onLoss: () => {},
  onRisk: () => {},
  end: () => {},
});

/** A line is redrawn so often on a terminal, and written so often elsewhere. */
const redrawMs = 100;
const lineMs = 10_000;
const clearLine = '\r\u001b[2K';

/** A progress line on a terminal is wiped before anything else is written. */
export const contextOf = (world: World, argv: readonly string[]): Context => {
  const { stdout, stderr, stdin, interruption: signal, saves, losses, onRisk } = world;
  const live = stderr.isTTY === true;
  let shown = '';
  const wipe = (): void => {
    if (shown !== '') stderr.write(clearLine);
  };
  const restore = (): void => {
    if (shown !== '') stderr.write(shown);
  };
  const show = (text: string): void => {
    wipe();
    shown = text.slice(0, (stderr.columns ?? 80) - 1);
    restore();
  };
  return {
    argv,
    signal,
    stdin,
    saves,
    losses,
    onRisk,
    print: (text) => {
      wipe();
      stdout.write(`${text}\n`);
      restore();
    },
    tell: (text) => {
      wipe();
      stderr.write(`${text}\n`);
      restore();
    },
    progress: (label, total, unit = 'images') => {
      const counter = meter(label, total, unit, performance.now());
      let last = live ? Number.NEGATIVE_INFINITY : performance.now();
      return {
        advance: (done, waitMs, note) => {
          const now = performance.now();
          counter.advance(now, done, waitMs);
          if (now - last < (live ? redrawMs : lineMs)) return;
          last = now;
          const text = progressText(counter.read(now, note));
          if (live) show(text);
          else stderr.write(`${text}\n`);
        },
        end: () => {
          wipe();
          shown = '';
        },
      };
    },
  };
};
