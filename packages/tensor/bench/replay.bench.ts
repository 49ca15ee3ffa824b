/**
 * What a replay costs the processor on the webgpu device: encode and submit of a program of many small kernels, by the
 * kernel. `pnpm bench:replay [--emulated]`; with --emulated on SwiftShader, where only this cost means anything.
 */
import { evaluate, jit, matmul, openDevice, type Tensor, tensor } from '@gdarknet/tensor';

if (process.argv.includes('--emulated')) {
  const { swiftshader } = await import('../../../test/swiftshader.ts');
  if (swiftshader) throw new Error(swiftshader);
}
const device = await openDevice('webgpu');
const kernels = 400;
const run = jit(
  device,
  (state: { x: Tensor }) => {
    let { x } = state;
    // Products cannot be fused: each is a kernel of its own.
    for (let i = 0; i < kernels; i++) x = matmul(x, state.x);
    return { x };
  },
  { donate: [] },
);
const x = await evaluate(device, { x: tensor(new Float32Array(16).fill(0.2), [4, 4]) });
await run(x);
const times: number[] = [];
for (let i = 0; i < 60; i++) {
  const start = performance.now();
  await run(x);
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
const micro = (ms: number): string => ((1000 * ms) / kernels).toFixed(1);
console.log(`${device.description}: ${kernels} kernels, ${micro(times[30])} us a kernel (best ${micro(times[0])})`);
await device.close();
