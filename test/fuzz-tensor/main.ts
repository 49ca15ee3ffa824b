/**
 * `npm run fuzz:tensor -- [--minutes n | --programs n] [--seed s] [--devices wasm,webgpu,reference,python] [--ops a,b]
 * [--failures n] [--shrink seconds] [--put-back [name]]`: random programs of tensors until the time is over; ends with counts
 * by operation and judge, and with status 1 when a program was wrong, printed as the smallest code that fails alike.
 */
import { parseArgs } from 'node:util';
import { table } from './features.ts';
import { fuzz, type JudgeName, judgeNames } from './fuzz.ts';
import { operations } from './operations.ts';
import { putBack } from './put-back.ts';
import { findPython } from './python.ts';

/** The names of a list, or an error that says which there are. */
const listed = <T extends string>(option: string, text: string, known: readonly T[]): readonly T[] => {
  const names = text.split(',');
  const unknown = names.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new Error(`--${option}: there is no ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return names as T[];
};

const positive = (option: string, text: string): number => {
  const n = Number(text);
  if (!(n > 0)) throw new Error(`--${option} takes a number above 0, got ${text}`);
  return n;
};

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    programs: { type: 'string' },
    seed: { type: 'string' },
    devices: { type: 'string', default: judgeNames.join(',') },
    ops: { type: 'string' },
    failures: { type: 'string', default: '10' },
    shrink: { type: 'string', default: '20' },
    'put-back': { type: 'string' },
  },
  // `--put-back` alone means all of them.
  args: process.argv
    .slice(2)
    .flatMap((arg, i, all) => (arg === '--put-back' && !/^[^-]/.test(all[i + 1] ?? '') ? ['--put-back=all'] : [arg])),
});

const run = async (): Promise<number> => {
  const only = values.ops === undefined ? undefined : listed('ops', values.ops, Object.keys(operations));
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (values['put-back'] !== undefined) return putBack(values['put-back'], seed);
  const judges: readonly JudgeName[] = listed('devices', values.devices, judgeNames);
  const python = judges.includes('python') ? findPython() : undefined;
  if (python?.reason) console.log(python.reason);
  const present = judges.filter((name) => name !== 'python' || python?.command !== undefined);
  console.log(`seed ${seed}`);
  const summary = await fuzz({
    seed,
    ...(values.programs
      ? { programs: positive('programs', values.programs) }
      : { seconds: 60 * positive('minutes', values.minutes) }),
    failures: positive('failures', values.failures),
    judges: present,
    ...(python?.command !== undefined && { python: python.command }),
    ...(only && { only }),
    shrinkSeconds: positive('shrink', values.shrink),
    say: (line) => console.log(line),
  });
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  console.log(table(summary.counts));
  console.log(
    `\n${summary.programs} programs in ${Math.round(summary.seconds)} s, ${summary.values} values compared, ` +
      `${summary.free} of them where any is right; ${summary.skipped} gradients without one right value; ` +
      `at most ${mebibytes(summary.memory)} of a device and ${mebibytes(summary.resident)} of a process; ` +
      `${summary.failures.length} failures`,
  );
  return summary.failures.length > 0 ? 1 : 0;
};

process.exit(await run());
