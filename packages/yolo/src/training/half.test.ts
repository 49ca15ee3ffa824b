/** Images of 16 bits: on lavapipe, which has `shader-f16`; refused where an adapter has not. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDevice } from '@gdarknet/tensor';
import { describe, expect, it } from 'vitest';
import { lavapipe } from '../../../../test/lavapipe.ts';
import { swiftshader } from '../../../../test/swiftshader.ts';

type Result = {
  readonly description: string;
  readonly losses: number[];
  readonly bytes: number;
};

/**
 * How far a loss may be from that of 32 bits, with plain kernels and on matrix units. Eleven bits of each image, 2^-11 at a
 * time, hardly add up in a plain network (seeds 3 to 7: at most 1.4e-3 in 20 batches); pooling and a shortcut add ties that
 * fall the other way (at most 6.1e-3). On matrix units it is eleven bits of each filter too, the same way for every image,
 * which moves the network itself as far as it moves from one batch to the next.
 */
const bounds = { plain: [2e-3, 2e-2], wide: [1e-2, 2e-2] } as const;

const program = fileURLToPath(new URL('../testing/half-precision.ts', import.meta.url));
const driver = lavapipe();
const reason = typeof driver === 'string' ? driver : undefined;

const results = async (): Promise<readonly Result[]> => {
  if (typeof driver === 'string') throw new Error(driver);
  const [command, ...words] = [
    ...driver.node,
    '--conditions=@gdarknet/source',
    '--disable-warning=ExperimentalWarning',
  ];
  const env = { ...process.env, ...driver.env };
  const { stdout } = await promisify(execFile)(command, [...words, program], { env });
  return JSON.parse(stdout);
};

describe.skipIf(reason !== undefined)(`images as f16 ${reason ?? ''}`, { timeout: 240_000 }, () => {
  it('train as those of 32 bits do, in less memory, on matrix units too', async () => {
    const told = await results();
    expect(told).toHaveLength(6);
    for (const [network, [whole, ...halves]] of [
      ['plain', told.slice(0, 3)],
      ['wide', told.slice(3)],
    ] as const) {
      expect(halves.map(({ description }) => /, images as f16(.*)$/.exec(description)?.[1])).toEqual([
        '',
        ', matrix units 8x8x8',
      ]);
      expect(halves[0].losses).not.toEqual(halves[1].losses);
      for (const [i, half] of halves.entries()) {
        const bound = bounds[network][i];
        expect(half.losses).not.toEqual(whole.losses);
        half.losses.forEach((loss, batch) => {
          expect(Math.abs(loss - whole.losses[batch]) / whole.losses[batch], `batch ${batch}`).toBeLessThan(bound);
        });
        expect(half.losses[19]).toBeLessThan(half.losses[0] / 4);
        expect(half.bytes).toBeLessThan(whole.bytes);
      }
    }
  });
});

describe.skipIf(swiftshader !== undefined)(`an adapter without shader-f16 ${swiftshader ?? ''}`, () => {
  it('is refused', async () => {
    await expect(openDevice('webgpu', { precision: 'f16' })).rejects.toThrow(
      /SwiftShader.* cannot store 16 bits: it has no shader-f16\. Use the precision f32\./,
    );
  });
});
