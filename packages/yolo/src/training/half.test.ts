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

const node = fileURLToPath(new URL('../../../../node_modules/node/bin/node', import.meta.url));
const program = fileURLToPath(new URL('../testing/half-precision.ts', import.meta.url));
const driver = lavapipe();
const reason = typeof driver === 'string' ? driver : undefined;

describe.skipIf(reason !== undefined)(`images as f16 ${reason ?? ''}`, { timeout: 240_000 }, () => {
  it('train as those of 32 bits do, in less memory', async () => {
    const env = { ...process.env, ...(driver as Readonly<Record<string, string>>) };
    const words = ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning', program];
    const { stdout } = await promisify(execFile)(node, words, { env });
    const results = JSON.parse(stdout) as Result[];
    expect(results.map(({ precision }) => precision)).toEqual(['f32', 'f16', 'f32', 'f16']);
    for (const [whole, half] of [results.slice(0, 2), results.slice(2)]) {
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
