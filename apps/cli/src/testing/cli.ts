/** The command in a process of its own, as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = dirname(dirname(fileURLToPath(import.meta.url)));
const root = join(source, '../../..');
/** The repository's own Node runs TypeScript as it stands, whichever Node runs the tests; `.bin` holds a shell script that keeps signals to itself. */
const node = join(root, 'node_modules/node/bin/node');

export type Ended = {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type CallOptions = {
  readonly cwd?: string;
  readonly input?: string;
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is started, in `src`; default `main.ts`. */
  readonly program?: string;
};

/** The command as words for another program that starts it. */
export const words = (argv: readonly string[], program = 'main.ts'): readonly string[] => [
  node,
  '--conditions=@gdarknet/source',
  '--disable-warning=ExperimentalWarning',
  join(source, program),
  ...argv,
];

export const start = (argv: readonly string[], { cwd, input, env, program }: CallOptions = {}) => {
  const [file, ...rest] = words(argv, program);
  const child: ChildProcess = spawn(file, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd && { cwd }),
    ...(env && { env: { ...process.env, ...env } }),
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  child.stdin?.end(input ?? '');
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, ...texts }));
  });
  return {
    child,
    ended,
    /** Resolves when stdout or stderr holds `text`, or the process has ended. */
    until: (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (texts.stdout.includes(text) || texts.stderr.includes(text)) resolve();
        };
        child.stdout?.on('data', look);
        child.stderr?.on('data', look);
        child.on('close', () => resolve());
        look();
      }),
  };
};

export const gdarknet = (argv: readonly string[], options: CallOptions = {}): Promise<Ended> =>
  start(argv, options).ended;
