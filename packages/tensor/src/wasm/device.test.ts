import { conformance } from '../testing/conformance.ts';
import { openWasm } from './device.ts';

// Products of floats in another order: the reference sums in double precision.
conformance('wasm, one thread', () => openWasm({ threads: 1 }));
conformance('wasm, two threads', () => openWasm({ threads: 2 }));
conformance('wasm, three threads, 128-bit vectors', () => openWasm({ threads: 3, wide: false }));
