/** The way of a kernel's sums to their place: through the epilogue, vector by vector. */
import type { Expression } from '../plan/program.ts';
import type { Func, Local } from './emitter.ts';
import { emitExpression } from './expression.ts';

/** Four columns, or one in lane 0. */
export type Lanes = 4 | 1;

/** Pointers to what an epilogue reads at one (row, column), and the way on from there. */
export type Epilogue = {
  /** To the element of `row` in the column that begins `bytes` into a row of floats. */
  readonly point: (row: Local, bytes: Local) => void;
  /** Reads the loads that are the same in every row for columns that begin so many beyond, once for all rows. */
  readonly keep: (column: number, lanes: Lanes) => void;
  readonly move: (rows: number, columns: number) => void;
  /** What becomes of the sums that `accumulator` puts on the stack, so many columns beyond the pointers. */
  readonly value: (column: number, lanes: Lanes, accumulator: () => void) => Local;
};

/** `epilogue` is over (row, column), with steps of 0 or 1 along the columns; its loads' addresses are parameters from word `word` on. */
export const epilogueAt = (f: Func, p: Local, word: number, epilogue: Expression | undefined): Epilogue => {
  const loads = (epilogue?.loads ?? []).map(({ strides: [row, column] }) => ({ row, column, pointer: f.local() }));
  const kept = new Map<string, Local>();
  const read = (k: number, column: number, lanes: Lanes): void => {
    const { pointer, column: step } = loads[k];
    f.get(pointer);
    if (step === 0) f.memory('v128.load32_splat');
    else f.memory(lanes === 4 ? 'v128.load' : 'v128.load32_zero', 4 * column);
  };
  return {
    point: (row, bytes) => {
      loads.forEach(({ row: down, column: step, pointer }, k) => {
        f.get(p).memory('i32.load', 4 * (word + k));
        if (down !== 0) f.times(row, down * 4).do('i32.add');
        if (step !== 0) f.get(bytes).do('i32.add');
        f.set(pointer);
      });
    },
    keep: (column, lanes) => {
      loads.forEach(({ row }, k) => {
        if (row !== 0) return;
        const value = f.local('v128');
        read(k, column, lanes);
        f.set(value);
        kept.set(`${k} ${column}`, value);
      });
    },
    move: (rows, columns) => {
      for (const { row, column, pointer } of loads) {
        const floats = row * rows + column * columns;
        if (floats !== 0) f.bump(pointer, floats * 4);
      }
    },
    value: (column, lanes, accumulator) => {
      if (epilogue) {
        const load = (k: number): void => {
          const value = kept.get(`${k} ${column}`);
          if (value === undefined) read(k, column, lanes);
          else f.get(value);
        };
        return emitExpression(f, epilogue.code, { load, accumulator });
      }
      const value = f.local('v128');
      accumulator();
      f.set(value);
      return value;
    },
  };
};

/** Rows of sums on their way to the output. */
export type Finish = {
  readonly epilogue?: Expression;
  /** Floats between rows of the output. */
  readonly stride: number;
  readonly columns: number;
};

/** Vectors of a row that are written out in code; of longer rows a loop does so many at a time. */
const straight = 8;
const unrolled = 4;

/**
 * `rows` rows of sums at `sums`, `sumStride` floats apart, which are those of the output from `row0` on and columns from `column`
 * on. Parameters from word `word` on: the output, then the epilogue's loads.
 */
export const finish = (
  f: Func,
  p: Local,
  word: number,
  { epilogue, stride, columns }: Finish,
  sums: Local,
  sumStride: number,
  row0: Local,
  rows: Local,
  column: Local,
): void => {
  const [r, from, to, i, bytes] = f.locals(5);
  const after = epilogueAt(f, p, word + 1, epilogue);
  const whole = Math.floor(columns / 4);
  const loops = whole > straight ? Math.floor(whole / unrolled) : 0;
  /** Columns that loops do, and what is left to do after them. */
  const looped = loops * unrolled * 4;
  const rest = [
    ...Array.from({ length: whole - looped / 4 }, (_, v) => ({ at: 4 * v, lanes: 4 as Lanes })),
    ...Array.from({ length: columns - 4 * whole }, (_, v) => ({ at: 4 * whole - looped + v, lanes: 1 as Lanes })),
  ];
  const one = (at: number, lanes: Lanes) => {
    const value = after.value(at, lanes, () =>
      f.get(from).memory(lanes === 4 ? 'v128.load' : 'v128.load32_zero', 4 * at),
    );
    f.get(to, value);
    if (lanes === 4) f.memory('v128.store', 4 * at);
    else f.storeLane0(4 * at);
  };
  f.get(sums).set(from).times(column, 4).set(bytes);
  f.get(p)
    .memory('i32.load', 4 * word)
    .times(row0, stride * 4)
    .do('i32.add')
    .get(bytes)
    .do('i32.add')
    .set(to);
  after.point(row0, bytes);
  if (loops === 0) for (const { at, lanes } of rest) after.keep(at, lanes);
  f.i32(0).range(r, rows, 1, () => {
    f.count(i, loops, () => {
      for (let v = 0; v < unrolled; v++) one(4 * v, 4);
      f.bump(from, unrolled * 16).bump(to, unrolled * 16);
      after.move(0, unrolled * 4);
    });
    for (const { at, lanes } of rest) one(at, lanes);
    f.bump(from, (sumStride - looped) * 4).bump(to, (stride - looped) * 4);
    after.move(1, -looped);
  });
};
