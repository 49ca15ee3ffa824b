/**
 * stdout and stderr as they may fail: a reader that ends, a disk that fills. What is written to a stream that has failed is
 * dropped, and who works goes on; who asks learns which stream it was and why.
 */
import { reasonOf } from '@gdarknet/data';

export type StreamName = 'stdout' | 'stderr';
export type StreamLoss = {
  readonly stream: StreamName;
  /** `EPIPE`: its reader has ended. */
  readonly code: string;
  readonly reason: string;
};

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
export type Sink = { readonly write: (text: string) => unknown; readonly isTTY?: boolean; readonly columns?: number };

export type Guarded = {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** In the order in which they were lost. */
  readonly losses: readonly StreamLoss[];
  /** Called at each loss, and for those from before. */
  readonly onLoss: (listener: (loss: StreamLoss) => void) => void;
};

export const guardStreams = (streams: { readonly stdout: Stream; readonly stderr: Stream }): Guarded => {
  const losses: StreamLoss[] = [];
  const listeners: ((loss: StreamLoss) => void)[] = [];
  const guard = (stream: StreamName): Sink => {
    const target = streams[stream];
    let lost = false;
    target.on('error', (error: NodeJS.ErrnoException) => {
      if (lost) return;
      lost = true;
      const loss: StreamLoss = { stream, code: error.code ?? '', reason: reasonOf(error) };
      losses.push(loss);
      for (const listener of listeners) listener(loss);
    });
    return {
      write: (text) => {
        if (!lost) target.write(text);
      },
      get isTTY() {
        return target.isTTY;
      },
      get columns() {
        return target.columns;
      },
    } as Sink;
  };
  return {
    stdout: guard('stdout'),
    stderr: guard('stderr'),
    losses,
    onLoss: (listener) => {
      listeners.push(listener);
      for (const loss of losses) listener(loss);
    },
  };
};

/** What a person is told of a stream that was lost. */
export const showLoss = ({ stream, code, reason }: StreamLoss): string =>
  `${stream}: ${code === 'EPIPE' ? 'its reader has ended' : reason}; what would have been written there since is lost`;
