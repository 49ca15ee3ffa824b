/** The bench itself, to its end on SwiftShader; and its archive, as on a machine that has nothing. */
import { type ExecFileException, execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { lavapipe } from '../../../../test/lavapipe.ts';
import { swiftshader, swiftshaderEnvironment } from '../../../../test/swiftshader.ts';
import type { Report } from './report.ts';

const here = dirname(fileURLToPath(import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'gdarknet-bench-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Ended = { readonly code: number; readonly text: string };
const run = (file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(file, args, { env, timeout: 220_000 }, (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, text: `${stdout}${stderr}` }),
    );
  });
const source = ['--conditions=@gdarknet/source', '--disable-warning=ExperimentalWarning'];
const program = join(here, 'main.ts');
const bench = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [...source, program, ...args], {
    ...(process.env as Record<string, string>),
    ...swiftshaderEnvironment(),
  });

const readReport = (file: string): Report => JSON.parse(readFileSync(file, 'utf8')) as Report;

/** What a report of small sizes holds. */
const expectReport = (report: Report, architecture: string, precisions: readonly string[]): void => {
  const { machine, sizes, checks, peaks, dispatch, rows, complete } = report;
  expect(machine.adapter).toMatchObject({ emulated: true, architecture });
  expect(machine.adapter.features).toContain('timestamp-query');
  expect(machine.adapter.limits.maxBufferSize).toBeGreaterThan(2 ** 20);
  expect(machine.backend).toBe('Vulkan');
  expect([sizes, complete]).toEqual(['tiny', true]);
  expect(checks.length).toBeGreaterThanOrEqual(10 * precisions.length);
  for (const check of checks) expect(check, check.name).toMatchObject({ passed: true });
  expect(peaks.map(({ precision }) => precision)).toEqual(precisions);
  for (const { ours } of peaks) expect(ours).toBeGreaterThan(0);
  expect(dispatch).toBeGreaterThan(0);
  const names = rows.map(({ name }) => name);
  for (const word of ['forward', 'training step']) expect(names.filter((name) => name.includes(word))).not.toEqual([]);
  expect([...new Set(rows.map(({ precision }) => precision))]).toEqual(precisions);
  for (const row of rows) {
    expect(row).toMatchObject({ unit: 'ms', failed: false });
    expect(row.ours, row.name).toBeGreaterThan(0);
    expect(row.oursShare, row.name).toBeGreaterThan(0);
    if (row.theirs === null) expect(row.notes.join()).toMatch(/theirs not found: ./);
    else expect(row.ratio, row.name).toBeCloseTo((row.ours ?? 0) / row.theirs, 5);
  }
};

describe.skipIf(swiftshader !== undefined)(`the bench on SwiftShader ${swiftshader ?? ''}`, () => {
  it('says what the adapter is, checks, and times', async () => {
    const json = join(scratch, 'results.json');
    const table = join(scratch, 'results.md');
    const { code, text } = await bench('--peer', 'cpu', '--rounds', '1', '--json', json, '--markdown', table);
    expect(text).toContain('SwiftShader');
    expect(text).toMatch(/emulated {2}yes/);
    expect(text).toContain('tiny sizes: the adapter is emulated');
    expect(text.indexOf('gradients')).toBeLessThan(text.indexOf('of peak'));
    expect(code, text).toBe(0);
    const report = readReport(json);
    expectReport(report, 'swiftshader', ['f32']);
    expect(readFileSync(table, 'utf8').trim().split('\n')).toHaveLength(4 + report.rows.length);
  }, 240_000);

  it('tells no speed of a device whose results are wrong', async () => {
    const json = join(scratch, 'wrong.json');
    const { code, text } = await bench('--fault', '--peer', 'none', '--json', json);
    expect(code, text).toBe(1);
    expect(text).toContain('no speed is told');
    expect(text).not.toMatch(/^ok|of peak/m);
    expect(existsSync(json)).toBe(false);
  }, 240_000);

  it('ends with 3 where there is no such adapter', async () => {
    for (const args of [['--device', 'no such card'], ['--real']]) {
      const { code, text } = await bench(...args);
      expect(code, text).toBe(3);
      expect(text).toContain('not found: an adapter');
    }
  }, 60_000);
});

const driver = lavapipe();
const noLavapipe = typeof driver === 'string' ? driver : undefined;

describe.skipIf(noLavapipe !== undefined)(`the bench on lavapipe ${noLavapipe ?? ''}`, () => {
  it('has rows of 16 bits, on matrix units', async () => {
    if (typeof driver === 'string') throw new Error(driver);
    const json = join(scratch, 'half.json');
    const [command, ...words] = [...driver.node, ...source, program, '--peer', 'none', '--rounds', '1', '--json', json];
    const { code, text } = await run(command, words, { ...(process.env as Record<string, string>), ...driver.env });
    expect(code, text).toBe(0);
    expect(text).toMatch(/^f16 .*, images as f16, matrix units 8x8x8$/m);
    expectReport(readReport(json), 'software', ['f32', 'f16']);
  }, 240_000);
});

const missing =
  swiftshader ??
  ['xz', 'tar'].map((tool) => (spawnSync(tool, ['--version']).status === 0 ? '' : `${tool} is missing`)).find(Boolean);

describe.skipIf(missing !== undefined)(`the archive ${missing ?? ''}`, () => {
  it('is small, and runs where nothing else is', async () => {
    const archive = join(scratch, 'bench.tar.xz');
    // The quickest compression: what is shipped is smaller.
    const made = await run(
      process.execPath,
      [...source, join(here, 'archive.ts'), archive, '--preset', '0'],
      process.env as Record<string, string>,
    );
    expect(made.code, made.text).toBe(0);
    const { size } = statSync(archive);
    expect(made.text).toContain(`${size} bytes`);
    expect(size).toBeLessThan(60e6);

    const elsewhere = join(scratch, 'elsewhere');
    mkdirSync(elsewhere);
    expect(spawnSync('tar', ['-xf', archive, '-C', elsewhere]).status).toBe(0);
    const home = join(elsewhere, 'gdarknet-bench-gpu');
    if (!made.text.includes('not found: a Vulkan loader'))
      expect(existsSync(join(home, 'node_modules/webgpu/dist/linux-x64/libvulkan.so.1'))).toBe(true);
    const { VK_DRIVER_FILES } = swiftshaderEnvironment();
    const ended = await run(join(home, 'run.sh'), ['--tiny', '--rounds', '1', '--peer', 'none'], { VK_DRIVER_FILES });
    expect(ended.code, ended.text).toBe(0);
    expectReport(readReport(join(home, 'results.json')), 'swiftshader', ['f32']);
    expect(readFileSync(join(home, 'results.md'), 'utf8')).toContain('training step');
  }, 240_000);
});
