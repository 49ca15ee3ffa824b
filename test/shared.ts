/** Where the golden figures and real data lie: the environment variable first, then the folder beside the checkout. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const candidates = [process.env.GDARKNET_SHARED, resolve(root, '../shared')];

/** The folder, or undefined: then tests that need it must report themselves skipped (`describe.skipIf(!shared)`). */
export const shared: string | undefined = candidates.find((p) => p !== undefined && existsSync(join(p, 'goldens')));

export const sharedPath = (...parts: string[]): string => join(shared ?? '/nonexistent', ...parts);
export const goldenPath = (...parts: string[]): string => sharedPath('goldens', ...parts);

/** A `.gz` file is unpacked. */
export const readBytes = (path: string): Uint8Array => {
  const raw = readFileSync(path);
  return new Uint8Array(path.endsWith('.gz') ? gunzipSync(raw) : raw);
};
export const readF32 = (path: string): Float32Array => {
  const bytes = readBytes(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2).slice();
};
export const readF64 = (path: string): Float64Array => {
  const bytes = readBytes(path).slice();
  return new Float64Array(bytes.buffer, 0, bytes.byteLength >> 3);
};
export const readJson = <T = unknown>(path: string): T => JSON.parse(new TextDecoder().decode(readBytes(path))) as T;
