/**
 * A kernel may bind only so many buffers, and a fused expression may read more. Then a part of it is computed first into a
 * temporary, and read from there.
 */
import { type Expression, type Instruction, noValue } from '../plan/program.ts';
import { type DType, type Shape, stridesOf } from '../shape.ts';
import type { Operand } from './kernel.ts';

/** An expression and the buffer of each of its loads. */
export type Reading = { readonly e: Expression; readonly reads: readonly Operand[] };

const keyOf = (operand: Operand): string =>
  'value' in operand ? `value ${operand.value}` : `temporary ${operand.temporary}`;

const operandsOf = (line: Instruction): readonly number[] =>
  ['c', 'a', 'b'].flatMap((name) => (name in line ? [(line as unknown as Record<string, number>)[name]] : []));

/** The buffers that each line depends on. */
const buffersOf = ({ e, reads }: Reading): readonly ReadonlySet<string>[] => {
  const sets: Set<string>[] = [];
  for (const line of e.code)
    sets.push(
      line.kind === 'load'
        ? new Set([keyOf(reads[line.load])])
        : new Set(operandsOf(line).flatMap((i) => [...sets[i]])),
    );
  return sets;
};

/** What is needed for line `target`; line `cut` is read from the load `instead`. */
const upTo = (
  { e, reads }: Reading,
  target: number,
  cut?: { readonly line: number; readonly instead: { operand: Operand; strides: readonly number[]; dtype: DType } },
): Reading => {
  const code: Instruction[] = [];
  const loads: Expression['loads'][number][] = [];
  const operands: Operand[] = [];
  const made = new Map<number, number>();
  const visit = (i: number): number => {
    const known = made.get(i);
    if (known !== undefined) return known;
    const line = e.code[i];
    let at: number;
    if (i === cut?.line) {
      const load = loads.push({ value: noValue, offset: 0, strides: cut.instead.strides }) - 1;
      operands.push(cut.instead.operand);
      at = code.push({ kind: 'load', load, dtype: cut.instead.dtype }) - 1;
    } else if (line.kind === 'load') {
      const load = loads.push(e.loads[line.load]) - 1;
      operands.push(reads[line.load]);
      at = code.push({ ...line, load }) - 1;
    } else {
      const moved: Record<string, number> = {};
      for (const name of ['c', 'a', 'b'])
        if (name in line) moved[name] = visit((line as unknown as Record<string, number>)[name]);
      at = code.push({ ...line, ...moved } as Instruction) - 1;
    }
    made.set(i, at);
    return at;
  };
  visit(target);
  return { e: { loads, code }, reads: operands };
};

/** At most `room` buffers; `store` computes a part over the whole shape and gives the buffer it lies in. */
export const fitted = (
  whole: Reading,
  shape: Shape,
  room: number,
  store: (part: Reading, dtype: DType) => Operand,
): Reading => {
  let current = whole;
  for (;;) {
    const sets = buffersOf(current);
    const last = current.e.code.length - 1;
    if (last < 0 || sets[last].size <= room) return current;
    let chosen = -1;
    sets.forEach(({ size }, i) => {
      if (size >= 2 && size <= room && (chosen < 0 || size >= sets[chosen].size)) chosen = i;
    });
    const { dtype } = current.e.code[chosen];
    const operand = store(upTo(current, chosen), dtype);
    current = upTo(current, last, { line: chosen, instead: { operand, strides: stridesOf(shape), dtype } });
  }
};
