/**
 * Which way to write a matrix kernel is the fastest on an adapter: the likeliest few are timed by the device's own clock
 * when a problem is first met, and the choice is remembered. All of them give the same bits.
 */
import type { Kernel, Way } from './kernel.ts';
import type { Pipelines } from './pipelines.ts';
import { recordTimed, type Timed } from './timer.ts';

/** Names of the fastest ways, by problem; kept from one process to the next where there is a place to. */
export type Choices = Record<string, string>;
export type Notebook = {
  readonly read: () => Promise<Choices>;
  readonly write: (choices: Choices) => Promise<void>;
};

/** Ways that are tried; those after them have never been the fastest by more than noise. */
const tried = 6;
/** A clock may tick as seldom as every 0.1 ms: so long are the runs that are compared. */
const longEnoughMs = 1;
const mostRuns = 64;
const rounds = 3;

export type Tuner = {
  /** Tries what has not been tried yet. */
  readonly meet: (kernels: readonly { readonly kernel: Kernel; readonly bytes: readonly number[] }[]) => Promise<void>;
  readonly choose: (kernel: Kernel) => Way | undefined;
};

/** `bytes` of the buffers a kernel binds are taken for as long as it is timed. */
export const openTuner = async (gpu: GPUDevice, pipelines: Pipelines, notebook: Notebook): Promise<Tuner> => {
  const choices = await notebook.read();

  const time = async (kernel: Kernel, bytes: readonly number[]): Promise<string> => {
    const buffers = bytes.map((size) =>
      gpu.createBuffer({ size: Math.max(16, Math.ceil(size / 16) * 16), usage: GPUBufferUsage.STORAGE }),
    );
    try {
      const ways = kernel.ways.slice(0, tried);
      const runs = await Promise.all(
        ways.map(async (way) => {
          const written = way.write();
          const pipeline = await pipelines.get(written.code, `${kernel.problem} as ${way.name}`);
          const group = gpu.createBindGroup({
            layout: pipeline.getBindGroupLayout(0),
            entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
          });
          return (times: number): Timed =>
            (pass) => {
              pass.setPipeline(pipeline);
              pass.setBindGroup(0, group);
              for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...written.groups);
            };
        }),
      );
      const measure = async (times: number): Promise<readonly number[]> => {
        const encoder = gpu.createCommandEncoder();
        const spans = recordTimed(
          gpu,
          encoder,
          runs.map((run) => run(times)),
        );
        gpu.queue.submit([encoder.finish()]);
        return (await spans()).map(({ duration }) => duration / times);
      };
      await measure(1);
      const once = Math.min(...(await measure(1)));
      const times = Math.min(mostRuns, Math.max(1, Math.ceil(longEnoughMs / Math.max(once, 1e-3))));
      const best = ways.map(() => Number.POSITIVE_INFINITY);
      for (let round = 0; round < rounds; round++) {
        (await measure(times)).forEach((ms, i) => {
          best[i] = Math.min(best[i], ms);
        });
      }
      return ways[best.indexOf(Math.min(...best))].name;
    } finally {
      for (const buffer of buffers) buffer.destroy();
    }
  };

  return {
    meet: async (kernels) => {
      let learnt = false;
      for (const { kernel, bytes } of kernels) {
        if (kernel.ways.length < 2 || kernel.problem in choices) continue;
        choices[kernel.problem] = await time(kernel, bytes);
        learnt = true;
      }
      if (learnt) await notebook.write(choices);
    },
    choose: (kernel) => kernel.ways.find(({ name }) => name === choices[kernel.problem]),
  };
};
