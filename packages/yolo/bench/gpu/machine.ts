/** What the bench runs on, for people. */
import { cpus } from 'node:os';
import type { AdapterFacts } from '@gdarknet/tensor';

export type Machine = {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly adapter: AdapterFacts;
  /** What WebGPU goes through here. */
  readonly backend: string;
  /** Of PyTorch: version and card; or why there is none. */
  readonly peer: string;
};

const backends: Partial<Record<NodeJS.Platform, string>> = { linux: 'Vulkan', darwin: 'Metal', win32: 'D3D12' };

export const machineOf = (adapter: AdapterFacts, peer: string): Machine => ({
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  adapter,
  backend: backends[process.platform] ?? 'unknown',
  peer,
});

export const describeMachine = ({ node, processor, cores, adapter, backend, peer }: Machine): readonly string[] => [
  `Node ${node}, ${cores} cores, ${processor}`,
  `adapter   ${adapter.name} (${adapter.vendor} ${adapter.architecture})`,
  `backend   ${backend}, by Dawn`,
  `emulated  ${adapter.emulated ? 'yes: a processor pretends to be a graphics card; its speed says nothing about one' : 'no'}`,
  `features  ${adapter.features.join(' ')}`,
  ...Object.entries(adapter.limits).map(([name, value]) => `limit     ${name} ${value}`),
  `PyTorch   ${peer}`,
];
