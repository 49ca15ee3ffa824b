import { describe } from 'vitest';
import { conformance } from '../testing/conformance.ts';
import { contract } from '../testing/contract.ts';
import { openWasm } from './device.ts';
import { rungs } from './kernels.ts';

// Products of floats in another order: the reference sums in double precision.
conformance('wasm, one thread', () => openWasm({ threads: 1 }));
conformance('wasm, three threads', () => openWasm({ threads: 3 }));
for (const { label, runs } of await rungs()) {
  if (runs) conformance(`wasm, two threads, ${label}`, () => openWasm({ threads: 2, kernels: label }));
  else describe.skip(`wasm, ${label}: does not run here`, () => {});
}

for (const threads of [1, 2, 8]) contract(`wasm, threads: ${threads}`, () => openWasm({ threads }));
