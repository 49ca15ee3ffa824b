/** Matrix units: on lavapipe, which has some. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { lavapipe } from '../../../../test/lavapipe.ts';

type Told = {
  readonly description: string;
  readonly products: readonly { readonly name: string; readonly plain: number[]; readonly ways: readonly number[][] }[];
  readonly rounded: { readonly plain: number[]; readonly units: number[] };
  readonly lie: string;
};

const program = fileURLToPath(new URL('../testing/matrix-units.ts', import.meta.url));
const driver = lavapipe();
const reason = typeof driver === 'string' ? driver : undefined;

describe.skipIf(reason !== undefined)(`matrix units ${reason ?? ''}`, () => {
  let told: Told;
  beforeAll(async () => {
    if (typeof driver === 'string') throw new Error(driver);
    const [command, ...words] = driver.node;
    const node = [...words, '--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning'];
    const env = { ...process.env, ...driver.env };
    const { stdout } = await promisify(execFile)(command, [...node, program], { env, maxBuffer: 2 ** 26 });
    told = JSON.parse(stdout);
  }, 240_000);

  it('are used with the precision f16, and named', () => {
    expect(told.description).toMatch(/, images as f16, matrix units 8x8x8$/);
  });

  it('give what the plain kernels give for factors of 16 bits, to the bit', () => {
    expect(told.products).toHaveLength(5);
    for (const { name, plain, ways } of told.products) {
      expect(Math.max(...plain.map(Math.abs)), name).toBeGreaterThan(1);
      for (const way of ways) expect(way, name).toEqual(plain);
    }
  });

  it('round factors of 32 bits to 16', () => {
    const { plain, units } = told.rounded;
    expect(units).not.toEqual(plain);
    const [scale, error] = [plain, plain.map((value, i) => value - units[i])].map((list) => Math.hypot(...list));
    // Two factors, each rounded by 2^-12 of itself in the mean.
    expect(error / scale).toBeLessThan(2 ** -11);
  });

  it('that cannot do what they tell of are found out', () => {
    expect(told.lie).toMatch(/./);
  });
});
