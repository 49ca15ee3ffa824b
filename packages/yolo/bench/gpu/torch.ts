/** PyTorch in a process of its own (`network.py`), which answers requests, so that rounds can take turns with it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NetworkPlan, NetworkWeights } from '@gdarknet/yolo';
import { bytesOf } from '../cpu/networks.ts';
import type { Contestant, Timed } from './contestants.ts';
import { pictures } from './networks.ts';
import type { Precision } from './speed.ts';

/** What a network is opened with; the same weights and pictures as on our side. */
export type NetworkRequest = {
  readonly cfg: string;
  readonly plan: NetworkPlan;
  readonly weights: NetworkWeights;
  readonly batch: number;
  readonly training: boolean;
  readonly precision: Precision;
};

export type Torch = {
  /** Versions and card. */
  readonly description: string;
  /** One thing at a time: what was opened before must have been closed. A text says why it cannot be had. */
  readonly openNetwork: (
    request: NetworkRequest,
  ) => Promise<(Contestant & { readonly outputs: (sizes: readonly number[]) => Promise<Float32Array[]> }) | string>;
  readonly openProduct: (size: number, precision: Precision) => Promise<Contestant | string>;
  readonly close: () => void;
};

type Answer = { readonly error?: string; readonly ready?: string } & Partial<Timed>;

const program = fileURLToPath(new URL('./network.py', import.meta.url));
const commands = ['python3', '/usr/bin/python3', '/opt/conda/bin/python3', '/usr/local/bin/python3', 'python'];

/** The process, once it has said what it is; or why there is none. */
const start = async (command: string, device: string): Promise<Torch | string> => {
  const child = spawn(command, [program, device], { stdio: ['pipe', 'pipe', 'inherit'] });
  const failure = new Promise<Answer>((resolve) => {
    child.once('error', (error) => resolve({ error: error.message }));
  });
  // A process that is gone must not end ours when it is written to.
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    const { value, done } = await lines.next();
    return done ? { error: 'its process has ended' } : (JSON.parse(value) as Answer);
  };
  const first = await Promise.race([next(), failure]);
  if (first.ready === undefined) return first.error ?? 'its process says nothing';

  const ask = (request: object): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  const folder = mkdtempSync(join(tmpdir(), 'gdarknet-bench-'));
  const contestant: Contestant = {
    run: async (calls) => {
      const { ms, enqueue, error } = await ask({ op: 'run', calls });
      if (ms === undefined) throw new Error(`PyTorch: ${error}`);
      return { ms, enqueue };
    },
    close: async () => void (await ask({ op: 'close' })),
  };
  /** Lays a file beside the process. */
  const put = (name: string, bytes: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  return {
    description: first.ready,
    openNetwork: async ({ cfg, plan, weights, ...rest }) => {
      const side = plan.input.h;
      const files = {
        cfg: put('network.cfg', cfg),
        weights: put('network.weights', bytesOf(weights, plan)),
        pictures: put('pictures', new Uint8Array(pictures(rest.batch, side).buffer)),
      };
      const { error } = await ask({ op: 'open', side, ...files, ...rest });
      if (error !== undefined) return error;
      return {
        ...contestant,
        outputs: async (sizes) => {
          const path = join(folder, 'outputs');
          const wrong = (await ask({ op: 'outputs', path })).error;
          if (wrong !== undefined) throw new Error(`PyTorch: ${wrong}`);
          const all = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
          let at = 0;
          return sizes.map((size) => {
            at += size;
            return all.subarray(at - size, at);
          });
        },
      };
    },
    openProduct: async (size, precision) => {
      const { error } = await ask({ op: 'open', size, precision });
      return error ?? contestant;
    },
    close: () => {
      child.stdin.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** PyTorch on `cuda` or `cpu` from the first Python that has it; or the reason that tells most. */
export const openTorch = async (device: string): Promise<Torch | string> => {
  const reasons: string[] = [];
  for (const command of process.env.GDARKNET_PYTHON ? [process.env.GDARKNET_PYTHON] : commands) {
    const torch = await start(command, device);
    if (typeof torch !== 'string') return torch;
    reasons.push(torch);
  }
  return (
    reasons.find((reason) => reason.startsWith('CUDA')) ?? reasons.find((r) => r.startsWith('PyTorch')) ?? reasons[0]
  );
};
