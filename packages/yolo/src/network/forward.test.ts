/** The forward pass against every layer's output from the original (goldens/network/forward_*). */
import { readdirSync, readFileSync } from 'node:fs';
import { evaluate, jit, key, read, type Tensor, tensor } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { goldenPath, readBytes, readF32, shared } from '../../../../test/shared.ts';
import { parseNetwork } from '../darknet/plan.ts';
import { readWeights } from '../darknet/weights.ts';
import { devices } from '../testing/devices.ts';
import { buildNetwork } from './network.ts';
import { foldNormalisation, installWeights } from './variables.ts';

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

/** `[n, c, h, w]` to `[n, h, w, c]`. */
const channelsLast = (data: Float32Array, c: number, h: number, w: number): Float32Array =>
  data.map((_, i) => {
    const [k, x] = [i % c, Math.floor(i / c) % w];
    const [y, b] = [Math.floor(i / (c * w)) % h, Math.floor(i / (c * w * h))];
    return data[((b * c + k) * h + y) * w + x];
  });

const folders = shared ? readdirSync(goldenPath('network')).filter((name) => name.startsWith('forward_')) : [];

describe.skipIf(!shared)('forward pass of the original', () => {
  for (const { name, open } of devices)
    for (const folder of folders)
      it(`${folder} on ${name}`, async () => {
        const at = (file: string) => goldenPath('network', folder, file);
        const { value: plan } = right(parseNetwork(readFileSync(at('net.cfg'), 'utf8'), { file: folder }));
        const { value: weights } = right(readWeights(readBytes(at('net.weights')), plan));
        const { h, w, c } = plan.input;
        const x = tensor(channelsLast(readF32(at('input.bin')), c, h, w), [1, h, w, c]);
        const device = await open();
        const variables = await evaluate(device, installWeights(plan, buildNetwork(plan).init(key(0)), weights));
        const network = buildNetwork(plan, { convention: 'darknet-cpu' });
        const folded = buildNetwork(plan, { folded: true });
        const run = jit(device, (v: typeof variables, image: Tensor) => ({
          outputs: network.apply(v.params, v.state, image, { training: false }).outputs,
          folded: folded.apply(foldNormalisation(plan, v, 'darknet-cpu'), v.state, image, { training: false }).outputs,
        }));
        const results = await read(device, await run(variables, x));
        let compared = 0;
        for (const { index, output, config } of plan.layers) {
          if (config.type === 'cost') continue;
          const expected = channelsLast(
            readF32(at(`layer_${String(index).padStart(2, '0')}.bin`)),
            output.c,
            output.h,
            output.w,
          );
          for (const actual of [results.outputs[index], results.folded[index]]) {
            expect(actual.length).toBe(expected.length);
            const bad = expected.findIndex((e, i) => !(Math.abs(actual[i] - e) <= 1e-5 + 1e-4 * Math.abs(e)));
            expect(
              bad < 0
                ? 'equal'
                : `layer ${index} ${config.type} element ${bad}: ${actual[bad]}, expected ${expected[bad]}`,
            ).toBe('equal');
          }
          compared++;
        }
        expect(compared).toBeGreaterThan(3);
        await device.close();
      });
});
