/** The graphics card's device from the command line, on SwiftShader. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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

  it('has a card for each of -gpus, or says which there are', async () => {
    const train = (gpus: string) =>
      call('train', set.data, set.cfg, '--device', 'webgpu', '-gpus', gpus, '--max-batches', '2', '--prefix', 'cards');
    const refused = await train('0,1');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^device 1: .*There is no adapter "1"; there are 0: .*SwiftShader/m);
    expect(refused.stderr).toMatch(/^gdarknet: another device has ended, and has said why$/m);
    const shared = await train('0,0');
    expect(shared.stderr).toContain('2 devices, a thread for each');
    expect(shared.status).toBe(0);
  }, 120_000);

  it('refuses images of 16 bits where there are none', async () => {
    const train = (device: string) => call('train', set.data, set.cfg, '--device', device, '--precision', 'f16');
    const [webgpu, wasm] = [await train('webgpu'), await train('wasm')];
    expect([webgpu.status, wasm.status]).toEqual([1, 1]);
    expect(webgpu.stderr).toMatch(/SwiftShader.* has no shader-f16\. Use the precision f32; /);
    expect(wasm.stderr).toMatch(/--precision f16: is for graphics cards, and this is WebAssembly.*; leave it out/);
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

  it('says when the device is lost in the middle, and goes on from what was saved', async () => {
    const options = { env: { ...env, GDARKNET_LOSE_AFTER: '200' }, program: 'testing/fragile-gpu.ts' };
    const common = ['--device', 'webgpu', '--max-batches', '300'];
    const lost = await gdarknet(['train', set.data, set.cfg, ...common, '--prefix', 'lost'], options);
    expect(lost.status).toBe(1);
    expect(lost.stderr).toMatch(/^gdarknet: batch \d+: The device .* was lost: /m);
    expect(lost.stderr).toMatch(/go on .* gdarknet train --resume .*lost$/m);
    expect(lost.stderr).not.toMatch(/^ +at /m);
    const batches = ({ stdout }: Ended) => [...stdout.matchAll(/^(\d+): /gm)].map(([, batch]) => Number(batch));
    expect(batches(lost).length).toBeGreaterThan(0);
    const events = readFileSync(set.at('backup', 'lost', 'events.ndjson'), 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(events[events.length - 1])).toMatchObject({ type: 'end', reason: 'device-lost' });
    const again = await call('train', '--resume', set.at('backup', 'lost'), '--max-batches', '3');
    expect(again.status, again.stderr).toBe(0);
    expect(batches(again)).toEqual([1, 2, 3]);
  }, 120_000);

  it('refuses a network that is too large before the first step, and says what would fit', async () => {
    const large = set.at('large.cfg');
    const cfg = readFileSync(set.cfg, 'utf8');
    writeFileSync(
      large,
      cfg.replace(/^(width|height)=.*$/gm, '$1=6144').replace(/^subdivisions=.*$/m, 'subdivisions=1'),
    );
    const { status, stdout, stderr } = await call('train', set.data, large, '--device', 'webgpu', '--prefix', 'large');
    expect(status).toBe(1);
    expect(stderr).toMatch(/A value \[.*\] needs \d+ bytes, and .* allows \d+ in one buffer\./);
    expect(stderr).toMatch(/subdivisions=\d+ would fit \(the cfg has 1\)/);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stdout).not.toMatch(/^1: /m);
  }, 120_000);

  it('times kernels by the clock of the device', async () => {
    const trace = set.at('trace.json');
    const { status, stderr } = await call(
      ...[
        'train',
        set.data,
        set.cfg,
        '--device',
        'webgpu',
        '--max-batches',
        '2',
        '--prefix',
        'timed',
        '--profile',
        trace,
      ],
    );
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^conv2dFilter +\d+ /m);
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: { ts: number; dur: number }[] };
    expect(traceEvents.length).toBeGreaterThan(100);
    expect(traceEvents.every(({ ts, dur }) => ts >= 0 && dur >= 0)).toBe(true);
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
      'train',
      set.data,
      set.cfg,
      '--device',
      'wasm',
      '--max-batches',
      '2',
      '--profile',
      trace,
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
