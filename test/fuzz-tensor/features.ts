/** What a program exercises, and the table of it. */
import type { Program } from './program.ts';

export const featuresOf = (program: Program): ReadonlySet<string> => {
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
  const { gradient, run, device, statements } = program;
  if (gradient) found.add(gradient.form === 'twice' ? 'grad of grad' : gradient.form);
  if (run.donate.length > 0) found.add('donation');
  if (run.warm) found.add('warm memory');
  if (run.behind) found.add('arguments last in memory');
  if (run.fresh) found.add('fresh device');
  if (statements.some((s) => s.kind === 'source' && s.role === 'captured')) found.add('captured tensors');
  if (program.statics[0]?.length) found.add('static arguments');
  if (program.truth) found.add('precision');
  found.add(`by ${run.form}`);
  if (device.name === 'wasm') found.add(`${device.threads} threads`);
  return found;
};

/** What a program is called by: the operations and transforms, without how it is run. */
export const titleOf = (program: Program): string => {
  const around = /^by |threads$|memory$|device$|tensors$|arguments$|precision$/;
  return [...featuresOf(program)].filter((f) => !around.test(f)).join(' + ') || 'an argument as it is';
};

export type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Features down, judges across. */
export const table = (counts: Counts): string => {
  const judges = [...new Set([...counts.values()].flatMap((row) => [...row.keys()]))].sort();
  const rows = [...counts].sort(([a], [b]) => a.localeCompare(b));
  const width = rows.reduce((most, [name]) => Math.max(most, name.length), 0);
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)} ${cells.map((c) => String(c).padStart(10)).join('')}`;
  return [
    line('', judges),
    ...rows.map(([name, row]) =>
      line(
        name,
        judges.map((j) => row.get(j) ?? 0),
      ),
    ),
  ].join('\n');
};
