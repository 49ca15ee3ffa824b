/** Images of 16 bits: on lavapipe, which has `shader-f16`; refused where an adapter has not. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDevice } from '@gdarknet/tensor';
import { describe, expect, it } from 'vitest';
import { lavapipe } from '../../../../test/lavapipe.ts';
import { swiftshader } from '../../../../test/swiftshader.ts';

type Result = {
  readonly precision: string;
  readonly description: string;
  readonly losses: number[];
  readonly bytes: number;
};

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
  it('train as those of 32 bits do, in less memory', async () => {
    const told = await results();
    expect(told.map(({ precision }) => precision)).toEqual(['f32', 'f16', 'f32', 'f16']);
    for (const [whole, half] of [told.slice(0, 2), told.slice(2)]) {
      expect(half.description).toMatch(/, images as f16$/);
      expect(half.losses).not.toEqual(whole.losses);
      // Eleven bits of each image: 2^-11 at a time, which hardly adds up.
      half.losses.forEach((loss, i) => {
        expect(Math.abs(loss - whole.losses[i]) / whole.losses[i], `batch ${i}`).toBeLessThan(2e-3);
      });
      expect(half.losses[19]).toBeLessThan(half.losses[0] / 4);
      expect(half.bytes).toBeLessThan(whole.bytes);
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
