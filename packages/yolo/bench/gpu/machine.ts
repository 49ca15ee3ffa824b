/** What the bench runs on, for people. */
import { cpus } from 'node:os';
import type { AdapterFacts } from '@gdarknet/tensor';

export type Machine = {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly adapter: AdapterFacts;
  /** Of PyTorch: version and card; or why there is none. */
  readonly peer: string;
};

export const machineOf = (adapter: AdapterFacts, peer: string): Machine => ({
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  adapter,
  peer,
});

export const describeMachine = ({ node, processor, cores, adapter, peer }: Machine): readonly string[] => [
  `Node ${node}, ${cores} cores, ${processor}`,
  `adapter   ${adapter.name} (${adapter.vendor} ${adapter.architecture})`,
  `emulated  ${adapter.emulated ? 'yes: a processor pretends to be a graphics card; its speed says nothing about one' : 'no'}`,
  `features  ${adapter.features.join(' ')}`,
  ...Object.entries(adapter.limits).map(([name, value]) => `limit     ${name} ${value}`),
  `PyTorch   ${peer}`,
];
