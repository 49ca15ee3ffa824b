/** A board in a process of its own, to be killed: `serve.ts '<options as JSON>'` prints its address. */
import * as E from 'fp-ts/lib/Either.js';
import { type BoardOptions, startBoard } from '../board.ts';

const options = JSON.parse(process.argv[2]) as BoardOptions;
const started = await startBoard({ ...options, tell: (text) => process.stderr.write(`${text}\n`) })();
if (E.isLeft(started)) {
  process.stderr.write(`${started.left.what}\n`);
  process.exitCode = 1;
} else process.stdout.write(`${started.right.url}\n`);
