/** Starts `serve.ts` and waits for its address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BoardOptions } from '../board.ts';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../../../..');
/** The binary itself: the script of that name in `.bin` would take the signals. */
export const nodeBinary = join(root, 'node_modules/node/bin/node');
export const nodeFlags = ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning'];

export type Served = { readonly url: string; readonly child: ChildProcess; readonly kill: () => Promise<void> };

export const serve = (options: BoardOptions): Promise<Served> =>
  new Promise((resolve, reject) => {
    const args = [...nodeFlags, join(here, 'serve.ts'), JSON.stringify(options)];
    const child = spawn(nodeBinary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<void>((done) => child.on('exit', () => done()));
    let errors = '';
    child.stderr.on('data', (text: Buffer) => {
      errors += text.toString();
    });
    child.on('exit', (code) => reject(new Error(`the board ended with ${code}: ${errors}`)));
    child.stdout.once('data', (text: Buffer) =>
      resolve({
        url: text.toString().trim(),
        child,
        kill: async () => {
          child.kill('SIGKILL');
          await ended;
        },
      }),
    );
  });
