/**
 * `npm run fuzz:tensor -- [--minutes n] [--seed s] [--devices wasm,webgpu,reference] [--ops a,b] [--failures n]`: random
 * programs of tensors until the time is over; ends with counts by operation and device, and with status 1 when a program was
 * wrong, printed as the smallest code that fails alike.
 */
import { parseArgs } from 'node:util';
import { generate } from './generate.ts';
import { drawMisuse, type Misuse } from './misuse.ts';
import { operations } from './operations.ts';
import { print } from './print.ts';
import type { DeviceKey, Program } from './program.ts';
import { mix, openRandom } from './random.ts';
import { shrink } from './shrink.ts';
import { openWorker, type Pool } from './workers.ts';

const threadCounts = [1, 2, 3, 4, 5, 8] as const;

/** What a program exercises, for the table. */
const featuresOf = (program: Program): ReadonlySet<string> => {
  const found = new Set<string>();
  const walk = (statements: Program['statements']): void => {
    for (const s of statements) {
      if (s.kind === 'call') found.add(typeof s.f === 'string' ? s.f : 'a static function');
      if (s.kind === 'block') {
        found.add(s.wrap);
        walk(s.body.statements);
      }
    }
  };
  walk(program.statements);
  if (program.gradient) found.add(program.gradient.form === 'twice' ? 'grad of grad' : program.gradient.form);
  found.add(`by ${program.run.form}`);
  if (program.run.donate.length > 0) found.add('donation');
  if (program.run.warm) found.add('warm memory');
  if (program.statements.some((s) => s.kind === 'source' && s.role === 'captured')) found.add('captured tensors');
  if (program.statics[0]?.length) found.add('static arguments');
  if (program.device.name === 'wasm') found.add(`${program.device.threads} threads`);
  return found;
};

/** Reasons that are of one kind have one name. */
const kindOf = (reason: string): string =>
  /element \d/.test(reason) ? 'number' : reason.replace(/[\d.e+-]+/g, '#').slice(0, 60);

export type Failure = {
  readonly title: string;
  readonly reason: string;
  readonly code: string;
  readonly seconds: number;
  readonly programs: number;
};

export type FuzzOptions = {
  readonly seed: number;
  /** Seconds, or a number of programs. */
  readonly seconds?: number;
  readonly programs?: number;
  readonly devices: readonly DeviceKey['name'][];
  readonly only?: readonly string[];
  /** Stops after so many distinct failures. */
  readonly failures: number;
  readonly shrinkSeconds: number;
  readonly say: (line: string) => void;
};

export type Summary = {
  readonly programs: number;
  readonly values: number;
  readonly free: number;
  readonly failures: readonly Failure[];
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly seconds: number;
};

const deviceAt = (names: FuzzOptions['devices'], index: number): DeviceKey => {
  // Emulated graphics cards are slow: they get a share.
  const wanted =
    names.length === 1
      ? names[0]
      : index % 16 === 7 && names.includes('webgpu')
        ? 'webgpu'
        : index % 64 === 9 && names.includes('reference')
          ? 'reference'
          : 'wasm';
  const name = names.includes(wanted) ? wanted : names[0];
  // A device lives for some programs: the number of threads changes slowly.
  return { name, threads: name === 'wasm' ? threadCounts[Math.floor(index / 150) % threadCounts.length] : 1 };
};

const shrunk = async (
  pool: Pool,
  program: Program,
  reason: string,
  seconds: number,
): Promise<{ program: Program; reason: string; alone: boolean }> => {
  const wanted = kindOf(reason);
  let last = reason;
  let alone = true;
  const fails = async (candidate: Program): Promise<boolean> => {
    const { verdict } = await pool.ask({ kind: 'program', program: candidate, fresh: true }, 20);
    const found = verdict.kind === 'wrong' && kindOf(verdict.reason) === wanted;
    if (found) last = verdict.reason;
    return found;
  };
  if (!(await fails(program))) alone = false;
  const small = alone ? await shrink(program, fails, seconds) : program;
  return { program: small, reason: last, alone };
};

const titleOf = (program: Program): string =>
  [...featuresOf(program)]
    .filter(
      (f) =>
        f in operations ||
        ['checkpoint', 'customVjp', 'repeat', 'donation', 'grad', 'vjp', 'valueAndGrad', 'grad of grad'].includes(f),
    )
    .join(' + ');

export const fuzz = async (options: FuzzOptions): Promise<Summary> => {
  const { seed, seconds = Infinity, programs: most = Infinity, devices, only, say } = options;
  const pool = openWorker();
  const counts = new Map<string, Map<string, number>>();
  const failures: Failure[] = [];
  const known = new Set<string>();
  let [programs, values, free] = [0, 0, 0];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const count = (feature: string, device: string): void => {
    const row = counts.get(feature) ?? new Map<string, number>();
    row.set(device, (row.get(device) ?? 0) + 1);
    counts.set(feature, row);
  };
  const record = (title: string, reason: string, code: string): void => {
    if (known.has(`${title} ${kindOf(reason)}`)) return;
    known.add(`${title} ${kindOf(reason)}`);
    failures.push({ title, reason, code, seconds: elapsed(), programs });
    say(`\nFAILED (${title}) after ${programs} programs: ${reason}\n${code}\n`);
  };
  const tryMisuse = async (misuse: Misuse, device: DeviceKey): Promise<void> => {
    const { verdict } = await pool.ask({ kind: 'misuse', misuse, device }, 20);
    count(`misuse: ${misuse.name}`, device.name);
    if (verdict.kind === 'wrong')
      record(
        misuse.name,
        verdict.reason,
        `// seed ${seed}, program ${programs}; d is ${device.name}, ${device.threads} threads\n${misuse.code}`,
      );
  };
  const tryProgram = async (device: DeviceKey, index: number): Promise<void> => {
    const program = generate(seed, index, { device, ...(only && { only }) });
    const { verdict } = await pool.ask({ kind: 'program', program, fresh: false });
    for (const feature of featuresOf(program)) count(feature, device.name);
    if (verdict.kind === 'right') {
      values += verdict.compared;
      free += verdict.free;
      return;
    }
    const small = await shrunk(pool, program, verdict.reason, options.shrinkSeconds);
    const note = small.alone ? '' : '\n// only after the programs before it on the same device';
    record(
      titleOf(small.program),
      verdict.kind === 'invalid' ? `cannot be built: ${verdict.reason}` : small.reason,
      `// seed ${seed}, program ${index}${note}\n${print(small.program)}`,
    );
  };
  let told = 0;
  for (
    let index = 0;
    programs < most && elapsed() < seconds && failures.length < options.failures;
    index++, programs++
  ) {
    const device = deviceAt(devices, index);
    const misuse = only === undefined && index % 24 === 5;
    if (misuse) await tryMisuse(drawMisuse(openRandom(mix(seed, index))), device);
    else await tryProgram(device, index);
    if (elapsed() - told > 60) {
      told = elapsed();
      say(`${Math.round(told)} s: ${programs} programs, ${values} values compared, ${failures.length} failures`);
    }
  }
  pool.close();
  return { programs, values, free, failures, counts, seconds: elapsed() };
};

export const table = ({ counts }: Summary): string => {
  const devices = [...new Set([...counts.values()].flatMap((row) => [...row.keys()]))].sort();
  const rows = [...counts].sort(([a], [b]) => a.localeCompare(b));
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)} ${cells.map((c) => String(c).padStart(10)).join('')}`;
  return [
    line('', devices),
    ...rows.map(([name, row]) =>
      line(
        name,
        devices.map((d) => row.get(d) ?? 0),
      ),
    ),
  ].join('\n');
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      programs: { type: 'string' },
      seed: { type: 'string' },
      devices: { type: 'string', default: 'wasm,webgpu,reference' },
      ops: { type: 'string' },
      failures: { type: 'string', default: '10' },
      shrink: { type: 'string', default: '20' },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const only = values.ops?.split(',');
  const unknown = only?.filter((name) => !(name in operations)) ?? [];
  if (unknown.length > 0)
    throw new Error(
      `--ops: there is no operation ${unknown.join(', ')}; there are ${Object.keys(operations).join(', ')}`,
    );
  console.log(`seed ${seed}`);
  const summary = await fuzz({
    seed,
    ...(values.programs ? { programs: Number(values.programs) } : { seconds: 60 * Number(values.minutes) }),
    devices: values.devices.split(',') as DeviceKey['name'][],
    ...(only && { only }),
    failures: Number(values.failures),
    shrinkSeconds: Number(values.shrink),
    say: (line) => console.log(line),
  });
  console.log(table(summary));
  const { programs, failures, seconds } = summary;
  console.log(
    `\n${programs} programs in ${Math.round(seconds)} s, ${summary.values} values compared (${summary.free} of them had no right value to compare), ${failures.length} failures`,
  );
  process.exit(failures.length > 0 ? 1 : 0);
};

if (import.meta.main) await main();
