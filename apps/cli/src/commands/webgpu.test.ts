/** The graphics card's device from the command line, on SwiftShader. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { swiftshader, swiftshaderEnvironment } from '../../../../test/swiftshader.ts';
import { type Ended, gdarknet } from '../testing/cli.ts';
import { makeShapesSet, type ShapesSet } from '../testing/shapes-set.ts';

describe.skipIf(swiftshader !== undefined)(`--device webgpu ${swiftshader ?? ''}`, () => {
  let set: ShapesSet;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    set = await makeShapesSet();
    env = swiftshaderEnvironment();
  });
  afterAll(() => set.remove());
  const call = (...argv: string[]): Promise<Ended> => gdarknet(argv, { env });

  it('lists the adapter with its limits, and does not let auto take an emulated one', async () => {
    const { status, stdout } = await call('devices');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^webgpu +yes +by --device webgpu$/m);
    expect(stdout).toMatch(/^ {2}--adapter 0: .*SwiftShader.*, emulated on the processor$/m);
    expect(stdout).toMatch(/^ {4}maxBufferSize \d+$/m);
    expect(stdout).toMatch(/^wasm +yes .*\(auto\)$/m);
  });

  it('names the adapters there are when another is asked for', async () => {
    const { status, stderr } = await call('train', set.data, set.cfg, '--device', 'webgpu', '--adapter', 'geforce');
    expect(status).toBe(1);
    expect(stderr).toMatch(/There is no adapter "geforce"; there are 0: .*SwiftShader/);
  });

  it('trains as the CPU does', async () => {
    const train = (device: string) =>
      call('train', set.data, set.cfg, '--device', device, '--max-batches', '3', '--prefix', device);
    const [webgpu, wasm] = [await train('webgpu'), await train('wasm')];
    expect(webgpu.status).toBe(0);
    const losses = ({ stdout }: Ended) => [...stdout.matchAll(/^\d+: (\d+\.\d+),/gm)].map(([, loss]) => Number(loss));
    expect(losses(webgpu)).toHaveLength(3);
    losses(wasm).forEach((loss, i) => {
      expect(Math.abs(losses(webgpu)[i] - loss) / loss).toBeLessThan(1e-3);
    });
    expect(existsSync(set.at('backup', 'webgpu', 'small_final.weights'))).toBe(true);
  }, 120_000);

  it('finds what the CPU finds', async () => {
    const weights = set.at('backup', 'wasm', 'small_final.weights');
    const [image] = readFileSync(set.at('valid.txt'), 'utf8').split('\n');
    const detect = async (device: string) => {
      const { stdout, status } = await call(
        ...['test', set.data, set.cfg, weights, image, '--thresh', '0.01', '--json', '--device', device],
      );
      expect(status).toBe(0);
      const [{ detections }] = JSON.parse(stdout) as [{ detections: { score: number }[] }];
      return detections.map(({ score }) => score);
    };
    const [webgpu, wasm] = [await detect('webgpu'), await detect('wasm')];
    expect(webgpu.length).toBe(wasm.length);
    webgpu.forEach((score, i) => {
      expect(score).toBeCloseTo(wasm[i], 4);
    });
  }, 60_000);
});

describe('--profile', () => {
  it('tells where the time goes, and writes a trace', async () => {
    const set = await makeShapesSet();
    const trace = set.at('trace.json');
    const { status, stderr } = await gdarknet([
      ...['train', set.data, set.cfg, '--device', 'wasm', '--max-batches', '2', '--profile', trace],
    ]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^op +launches +ms +share +GFLOP\/s +of peak +GB\/s$/m);
    expect(stderr).toMatch(/^conv2dFilter +\d+ /m);
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: { ph: string; dur: number }[] };
    expect(traceEvents.length).toBeGreaterThan(100);
    expect(traceEvents.every(({ ph, dur }) => ph === 'X' && dur >= 0)).toBe(true);
    set.remove();
  }, 60_000);
});
