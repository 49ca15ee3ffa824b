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
 * How far losses may lie from those of 32 bits, relatively: without matrix units and on them. Eleven bits of each image, 2^-11
 * at a time, hardly add up in the first batch (seeds 1 to 8 and both networks: at most 1.5e-4); on matrix units it is eleven
 * of each filter too (7.1e-4). After that two trainings part, as any two that differ in a bit do: the first time that a
 * prediction crosses the threshold of `ignore_thresh` in one of them only. How far depends on the seed: in the middle of 20
 * batches at most 3.1e-3, in one of them up to 1.9e-2.
 */
const firstBounds = [2 ** -11, 2 ** -10];
const [middleBound, worstBound] = [5e-3, 5e-2];

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
    for (const [whole, ...halves] of [told.slice(0, 3), told.slice(3)]) {
      expect(halves.map(({ description }) => /, images as f16(.*)$/.exec(description)?.[1])).toEqual([
        '',
        ', matrix units 8x8x8',
      ]);
      expect(halves[0].losses).not.toEqual(halves[1].losses);
      for (const [i, half] of halves.entries()) {
        expect(half.losses).not.toEqual(whole.losses);
        const apart = half.losses.map((loss, batch) => Math.abs(loss - whole.losses[batch]) / whole.losses[batch]);
        expect(apart[0]).toBeLessThan(firstBounds[i]);
        const sorted = apart.toSorted((a, b) => a - b);
        expect(sorted[10]).toBeLessThan(middleBound);
        expect(sorted[19]).toBeLessThan(worstBound);
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
