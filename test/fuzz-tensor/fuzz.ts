/** Random programs, one after another: each run by a device, judged, and when it is wrong shrunk and printed. */
import { type Counts, featuresOf, titleOf } from './features.ts';
import { generate } from './generate.ts';
import type { Verdict } from './judge.ts';
import { drawMisuse, type Misuse, misuseNames } from './misuse.ts';
import { print } from './print.ts';
import type { DeviceKey, Program } from './program.ts';
import { openPython } from './python.ts';
import { mix, openRandom } from './random.ts';
import { shrink } from './shrink.ts';
import { openWorker } from './workers.ts';

export const judgeNames = ['wasm', 'webgpu', 'reference', 'python'] as const;
/** Devices that the reference judges, and NumPy with PyTorch, which judge the reference. */
export type JudgeName = (typeof judgeNames)[number];

export type Failure = {
  readonly title: string;
  readonly reason: string;
  readonly code: string;
  /** When it was found. */
  readonly seconds: number;
  readonly programs: number;
};

export type FuzzOptions = {
  readonly seed: number;
  /** The end: after so many seconds, programs or distinct failures. */
  readonly seconds?: number;
  readonly programs?: number;
  readonly failures: number;
  readonly judges: readonly JudgeName[];
  /** The Python that has NumPy, for the judge of that name. */
  readonly python?: string;
  readonly only?: readonly string[];
  readonly shrinkSeconds: number;
  readonly say: (line: string) => void;
};

export type Summary = {
  readonly programs: number;
  readonly values: number;
  /** Values among them where anything was right. */
  readonly free: number;
  /** Gradients that PyTorch and the rules may see differently: ties. */
  readonly skipped: number;
  readonly failures: readonly Failure[];
  readonly counts: Counts;
  readonly seconds: number;
  /** The most bytes that a device and a process had taken. */
  readonly memory: number;
  readonly resident: number;
};

const threadCounts = [1, 2, 3, 4, 5, 8] as const;

/** Who has program `index`: emulated graphics cards are slow, they get a share. */
const judgeAt = (names: readonly JudgeName[], index: number): JudgeName => {
  const wanted: JudgeName =
    index % 16 === 7 ? 'webgpu' : index % 8 === 3 ? 'python' : index % 64 === 9 ? 'reference' : 'wasm';
  return names.includes(wanted) ? wanted : names[0];
};

/** A device lives for some programs: the number of threads changes slowly. */
const deviceFor = (name: JudgeName, index: number): DeviceKey => ({
  name: name === 'python' ? 'reference' : name,
  threads: name === 'wasm' ? threadCounts[Math.floor(index / 150) % threadCounts.length] : 1,
});

/** Reasons that are of one kind have one name. */
const kindOf = (reason: string): string =>
  /element \d/.test(reason) ? 'number' : reason.replace(/[\d.e+-]+/g, '#').slice(0, 60);

type Answer = Verdict | { readonly kind: 'skipped' };
type Ask = (program: Program, fresh: boolean) => Promise<Answer>;

type Small = { readonly program: Program; readonly reason: string; readonly alone: boolean };
const shrunk = async (ask: Ask, program: Program, reason: string, seconds: number): Promise<Small> => {
  let last = reason;
  const fails = async (candidate: Program): Promise<boolean> => {
    const verdict = await ask(candidate, true);
    const found = verdict.kind === 'wrong' && kindOf(verdict.reason) === kindOf(reason);
    if (found) last = verdict.reason;
    return found;
  };
  if (!(await fails(program))) return { program, reason, alone: false };
  return { program: await shrink(program, fails, seconds), reason: last, alone: true };
};

export const fuzz = async (options: FuzzOptions): Promise<Summary> => {
  const { seed, seconds = Infinity, programs: most = Infinity, judges, only, say } = options;
  const workers = openWorker();
  const python = options.python === undefined ? undefined : openPython(options.python);
  const counts = new Map<string, Map<string, number>>();
  const failures: Failure[] = [];
  const known = new Set<string>();
  let [programs, values, free, skipped, memory, resident] = [0, 0, 0, 0, 0, 0];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const count = (feature: string, by: string): void => {
    const row = counts.get(feature) ?? new Map<string, number>();
    row.set(by, (row.get(by) ?? 0) + 1);
    counts.set(feature, row);
  };
  const record = (title: string, reason: string, code: string): void => {
    const name = `${title} ${kindOf(reason)}`;
    if (known.has(name)) return;
    known.add(name);
    failures.push({ title, reason, code, seconds: elapsed(), programs });
    say(`\nFAILED (${title}) after ${programs} programs: ${reason}\n${code}\n`);
  };
  const onDevice: Ask = async (program, fresh) => {
    const answer = await workers.ask({ kind: 'program', program, fresh }, fresh ? 20 : 60);
    memory = Math.max(memory, answer.memory);
    resident = Math.max(resident, answer.resident);
    return answer.verdict;
  };
  const inPython: Ask = (program) => python!.judge(program);

  const tryMisuse = async (misuse: Misuse, device: DeviceKey): Promise<void> => {
    const { verdict } = await workers.ask({ kind: 'misuse', misuse, device }, 20);
    count(`misuse: ${misuse.name}`, device.name);
    if (verdict.kind !== 'wrong') return;
    const place = `// seed ${seed}, program ${programs}; d is ${device.name}, ${device.threads} threads`;
    record(misuse.name, verdict.reason, `${place}\n${misuse.code}`);
  };
  const tryProgram = async (judge: JudgeName, index: number): Promise<void> => {
    const device = deviceFor(judge, index);
    const program = generate(seed, index, { device, ...(only && { only }) });
    const ask = judge === 'python' ? inPython : onDevice;
    const verdict = await ask(program, false);
    for (const feature of featuresOf(program)) {
      count(feature, judge !== 'python' ? judge : program.gradient ? 'torch' : 'numpy');
    }
    if (verdict.kind === 'skipped') skipped++;
    if (verdict.kind === 'right') {
      values += verdict.compared;
      free += verdict.free;
    }
    if (verdict.kind !== 'wrong' && verdict.kind !== 'invalid') return;
    const small = await shrunk(ask, program, verdict.reason, options.shrinkSeconds);
    const note = small.alone ? '' : '\n// only after the programs before it on the same device';
    const reason = verdict.kind === 'invalid' ? `cannot be built: ${verdict.reason}` : small.reason;
    record(titleOf(small.program), reason, `// seed ${seed}, program ${index}${note}\n${print(small.program)}`);
  };

  let told = 0;
  while (programs < most && elapsed() < seconds && failures.length < options.failures) {
    const judge = judgeAt(judges, programs);
    const onlyPython = judges.every((name) => name === 'python');
    if (only === undefined && programs % 8 === 5 && !onlyPython) {
      const { name } = deviceFor(judge === 'python' ? judges[0] : judge, programs);
      const threads = name === 'wasm' && programs % 80 === 5 ? 2 : 1;
      // They are quick, and each says something else.
      for (let i = 0; i < 4; i++) {
        const turn = (Math.floor(programs / 8) * 4 + i + seed) % misuseNames.length;
        await tryMisuse(drawMisuse(openRandom(mix(seed, programs * 4 + i)), misuseNames[turn]), { name, threads });
      }
    } else await tryProgram(judge, programs);
    programs++;
    if (elapsed() - told > 60) {
      told = elapsed();
      say(`${Math.round(told)} s: ${programs} programs, ${values} values compared, ${failures.length} failures`);
    }
  }
  workers.close();
  python?.close();
  return { programs, values, free, skipped, failures, counts, seconds: elapsed(), memory, resident };
};
