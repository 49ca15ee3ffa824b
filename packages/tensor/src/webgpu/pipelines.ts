/** Compiled kernels: those with the same text are one. */
import type { Written } from './kernel.ts';

export type Pipelines = {
  /** `label` and `kind` tell people what does not compile. */
  readonly get: (written: Written, kind: string, label: string) => Promise<GPUComputePipeline>;
  /** How many there are. */
  readonly count: () => number;
};

export const openPipelines = (gpu: GPUDevice): Pipelines => {
  const known = new Map<string, Promise<GPUComputePipeline>>();
  const compile = async (code: string, kind: string, label: string): Promise<GPUComputePipeline> => {
    const module = gpu.createShaderModule({ label: kind, code });
    try {
      return await gpu.createComputePipelineAsync({ label, layout: 'auto', compute: { module, entryPoint: 'main' } });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const told = messages.map((m) => `line ${m.lineNum}: ${m.message}`).join('; ');
      throw new Error(`The kernel of ${label} does not compile: ${told || error}`);
    }
  };
  return {
    get: ({ code }, kind, label) => {
      const made = known.get(code) ?? compile(code, kind, label);
      known.set(code, made);
      return made;
    },
    count: () => known.size,
  };
};
