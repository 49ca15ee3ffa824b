import { describe } from 'vitest';
import { swiftshader } from '../../../../test/swiftshader.ts';
import { conformance } from '../testing/conformance.ts';
import { contract } from '../testing/contract.ts';
import { openWebGpu } from './device.ts';

// Sums run in single precision, one after another; numbers below 2^-126 may be taken for 0 (WGSL, section 15.7).
if (swiftshader) describe.skip(`webgpu: ${swiftshader}`, () => {});
else {
  conformance('webgpu', () => openWebGpu({ matrices: 'registers' }), { denormals: false });
  contract('webgpu', () => openWebGpu(), false);
  conformance('webgpu with shared memory', () => openWebGpu({ matrices: 'shared' }), {
    denormals: false,
    only: /matmul (17|64)|conv2d.*\[(1,13,13,32|2,13,13,32|3,10,11,17|1,26,26,40)\]/,
  });
}
