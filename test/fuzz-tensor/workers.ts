/** Tasks given to another process, with a clock: a crash or a hang is an answer like any other. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Task } from './worker.ts';

const file = fileURLToPath(new URL('./worker.ts', import.meta.url));

export type Pool = {
  readonly ask: (task: Task, seconds?: number) => Promise<Answer>;
  readonly close: () => void;
  /** Processes begun. */
  readonly started: () => number;
};

/** One process at a time; a new one after `life` tasks, or when it has grown too large. */
export const openWorker = (life = 4000, mostBytes = 2 ** 31): Pool => {
  let child: ChildProcess | undefined;
  let tasks = 0;
  let started = 0;
  let said = '';

  const begin = (): ChildProcess => {
    started++;
    tasks = 0;
    said = '';
    const made = fork(file, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning'],
    });
    made.stderr?.on('data', (chunk) => {
      said = (said + String(chunk)).slice(-600);
    });
    return made;
  };
  const end = (): void => {
    child?.removeAllListeners();
    child?.kill('SIGKILL');
    child = undefined;
  };

  const ask = async (task: Task, seconds = 60): Promise<Answer> => {
    if (tasks >= life) end();
    child ??= begin();
    tasks++;
    const asked = child;
    const answer = await new Promise<Answer>((resolve) => {
      const failed = (reason: string): void => {
        end();
        resolve({ verdict: { kind: 'wrong', reason }, memory: 0, resident: 0 });
      };
      const timer = setTimeout(() => failed(`hangs: no answer in ${seconds} s`), seconds * 1000);
      asked.once('message', (found) => {
        clearTimeout(timer);
        asked.removeAllListeners('exit');
        asked.removeAllListeners('error');
        resolve(found as Answer);
      });
      asked.once('exit', (code, signal) => {
        clearTimeout(timer);
        failed(`the process ended (${signal ?? `exit ${code}`}) ${said.split('\n').slice(-6).join(' ')}`);
      });
      // It may have ended between two tasks.
      asked.once('error', (error) => {
        clearTimeout(timer);
        failed(`the process cannot be told: ${error.message}`);
      });
      asked.send(task);
    });
    if (answer.resident > mostBytes) end();
    return answer;
  };
  return { ask, close: end, started: () => started };
};
