/**
 * What `auto` opens: the adapter that is named or none, and the reference device where WebAssembly has no vectors. V8 has
 * none on a processor without SSSE3, which it can be told to be on.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openDevice } from './index.ts';

const index = new URL('./index.ts', import.meta.url).href;
const program = `
const { openDevice, add, read, tensor } = await import(${JSON.stringify(index)});
const device = await openDevice('auto');
const sum = await read(device, add(tensor(Float32Array.of(1, 2)), 1));
const refused = await openDevice('wasm').then((other) => other.close().then(() => 'nothing'), (error) => error.name);
console.log(JSON.stringify([device.name, [...sum], refused]));
await device.close();
`;

const run = async (...flags: readonly string[]): Promise<unknown> => {
  const words = [...flags, '--conditions=@gdarknet/source', '--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').pop() ?? '');
};

describe.skipIf(process.arch !== 'x64')('a machine without vectors', () => {
  it("opens the reference device for 'auto', and refuses 'wasm' with a reason", async () => {
    expect(await run('--no-enable-ssse3')).toEqual(['reference', [2, 3], 'NoVectorsError']);
  });
});

describe('auto', () => {
  it('with an adapter opens no other device', async () => {
    await expect(openDevice('auto', { adapter: 'no such card' })).rejects.toMatchObject({ name: 'NoAdapterError' });
  });
});
