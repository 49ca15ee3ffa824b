/** A board for a test: its own folder and port. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { type Board, type BoardOptions, startBoard } from '../board.ts';

export type TestBoard = Board & {
  readonly folder: string;
  /** `body` is sent as JSON. Gives the status and the JSON of the answer, or its text. */
  readonly call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>;
  /** Behind `/api/2.0/mlflow/`; throws for another status than 200. */
  readonly mlflow: <A = Record<string, unknown>>(method: 'GET' | 'POST', path: string, body?: unknown) => Promise<A>;
};

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever has come
export type Answered = { readonly status: number; readonly headers: Headers; readonly body: any };

export const tempFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'gdarknet-board-'));

export const caller =
  (url: string): TestBoard['call'] =>
  async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };

export const testBoard = async (options: BoardOptions = {}): Promise<TestBoard> => {
  const folder = await tempFolder();
  const started = await startBoard({ port: 0, file: join(folder, 'board.db'), everyMs: 50, ...options })();
  if (E.isLeft(started)) throw new Error(`${started.left.what}; ${started.left.action}`);
  const board = started.right;
  const call = caller(board.url);
  return {
    ...board,
    folder,
    call,
    mlflow: async <A>(method: string, path: string, body?: unknown) => {
      const { status, body: answer } = await call(method, `/api/2.0/mlflow/${path}`, body);
      if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
      return answer as A;
    },
    close: async () => {
      await board.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Looks again until it is true; the test's own limit ends it. */
export const until = async (test: () => Promise<boolean> | boolean, everyMs = 25): Promise<void> => {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, everyMs));
};
