/**
 * Kernels of maps and reductions. Every kernel is a function (parameters, begin, end, thread) over a range of items; the
 * parameters are a block of i32 words: byte addresses of the loads, then of the result.
 */
import type { Expression } from '../plan/program.ts';
import { type DType, type Shape, sizeOf } from '../shape.ts';
import { Func, type Local } from './emitter.ts';
import { emitExpression, type Sources } from './expression.ts';

export const kernel = (): { f: Func; p: Local; begin: Local; end: Local; thread: Local } => ({
  f: new Func(['i32', 'i32', 'i32', 'i32']),
  p: 0,
  begin: 1,
  end: 2,
  thread: 3,
});

export type Kernel = { readonly f: Func; readonly items: number };

/** Byte pointers of several strided walks: base + sum of index * stride. */
const pointer = (f: Func, base: Local, indices: readonly Local[], strides: readonly number[], to: Local): void => {
  f.get(base);
  indices.forEach((i, a) => {
    if (strides[a] !== 0) f.times(i, strides[a] * 4).do('i32.add');
  });
  f.set(to);
};

/** Splits a flat index into indices of `shape`, the last varying fastest. */
const unflatten = (f: Func, flat: Local, shape: Shape, to: readonly Local[]): void => {
  const rest = f.local();
  f.get(flat).set(rest);
  for (let a = shape.length - 1; a >= 0; a--) {
    if (a === 0) f.get(rest).set(to[0]);
    else {
      f.get(rest).i32(shape[a]).do('i32.rem_u').set(to[a]);
      f.get(rest).i32(shape[a]).do('i32.div_u').set(rest);
    }
  }
};

/** Innermost loop over `length` elements with pointers that advance by their strides: four at a time, then one by one. */
type Row = {
  readonly length: number;
  readonly pointers: readonly Local[];
  readonly strides: readonly number[];
  /** Index along the innermost axis; only kept when a position asks for it. */
  readonly index?: Local;
};

const vectorisable = (strides: readonly number[]): boolean => strides.every((s) => s === 0 || s === 1);

/** `body(lanes)` sees the pointers at the current element. */
const overRow = (
  f: Func,
  { length, pointers, strides, index }: Row,
  vector: boolean,
  body: (lanes: 4 | 1) => void,
): void => {
  const whole = vector ? Math.floor(length / 4) : 0;
  const counter = f.local();
  const advance = (by: number) => {
    pointers.forEach((q, k) => {
      if (strides[k] !== 0) f.bump(q, strides[k] * 4 * by);
    });
    if (index !== undefined) f.bump(index, by);
  };
  const run = (count: number, lanes: 4 | 1) => {
    if (count === 1) {
      body(lanes);
      advance(lanes);
      return;
    }
    f.count(counter, count, () => {
      body(lanes);
      advance(lanes);
    });
  };
  if (index !== undefined) f.i32(0).set(index);
  if (whole > 0) run(whole, 4);
  if (length - 4 * whole > 0) run(length - 4 * whole, 1);
};

const loadFrom = (f: Func, pointers: readonly Local[], strides: readonly number[], lanes: 4 | 1) => (k: number) => {
  f.get(pointers[k]).memory(strides[k] === 0 ? 'v128.load32_splat' : lanes === 4 ? 'v128.load' : 'v128.load32_zero');
};

const store = (f: Func, to: Local, value: Local, lanes: 4 | 1): void => {
  f.get(to, value);
  if (lanes === 4) f.memory('v128.store');
  else f.storeLane0();
};

const usesPosition = ({ code }: Expression, axis: number): boolean =>
  code.some((line) => line.kind === 'position' && line.axis === axis);

/** Elements that one item of a one-dimensional map covers. */
const chunk = 4096;

export const mapKernel = (shape: Shape, expression: Expression, out: readonly number[]): Kernel => {
  if (shape.length === 0) return mapKernel([1], spread(expression), [1]);
  if (shape.length === 1 && shape[0] > chunk && !usesPosition(expression, 0)) {
    return chunkedMap(shape[0], expression, out[0]);
  }
  const { f, p, begin, end } = kernel();
  const rank = shape.length;
  const outer = shape.slice(0, -1);
  const walks = [...expression.loads.map((l) => l.strides), out];
  const bases = f.locals(walks.length);
  const pointers = f.locals(walks.length);
  const indices = f.locals(rank);
  const item = f.local();
  bases.forEach((b, k) =>
    f
      .get(p)
      .memory('i32.load', 4 * k)
      .set(b),
  );
  const inner = walks.map((w) => w[rank - 1]);
  const vector = vectorisable(inner) && inner[inner.length - 1] === 1;
  f.get(begin).range(item, end, 1, () => {
    unflatten(f, item, outer, indices);
    walks.forEach((w, k) => {
      pointer(f, bases[k], indices.slice(0, -1), w.slice(0, -1), pointers[k]);
    });
    const index = usesPosition(expression, rank - 1) ? indices[rank - 1] : undefined;
    overRow(f, { length: shape[rank - 1], pointers, strides: inner, index }, vector, (lanes) => {
      const value = emitExpression(f, expression.code, {
        load: loadFrom(f, pointers, inner, lanes),
        position: (axis) => ({ at: indices[axis], counts: axis === rank - 1 && lanes === 4 }),
      });
      store(f, pointers[pointers.length - 1], value, lanes);
    });
  });
  return { f, items: sizeOf(outer) };
};

/** A scalar map as a map over one element. */
const spread = (e: Expression): Expression => ({ ...e, loads: e.loads.map((l) => ({ ...l, strides: [0] })) });

const chunkedMap = (length: number, expression: Expression, out: number): Kernel => {
  const { f, p, begin, end } = kernel();
  const strides = [...expression.loads.map((l) => l.strides[0]), out];
  const pointers = f.locals(strides.length);
  const [item, start, stop, at] = f.locals(4);
  const vector = vectorisable(strides) && out === 1;
  f.get(begin).range(item, end, 1, () => {
    f.times(item, chunk).set(start);
    f.add(start, chunk).set(stop).atMost(stop, length);
    strides.forEach((s, k) =>
      f
        .get(p)
        .memory('i32.load', 4 * k)
        .times(start, s * 4)
        .do('i32.add')
        .set(pointers[k]),
    );
    const body = (lanes: 4 | 1) => {
      const value = emitExpression(f, expression.code, { load: loadFrom(f, pointers, strides, lanes) });
      store(f, pointers[pointers.length - 1], value, lanes);
      strides.forEach((s, k) => {
        if (s !== 0) f.bump(pointers[k], s * 4 * lanes);
      });
    };
    if (vector) {
      const whole = f.local();
      f.get(stop, start).do('i32.sub').i32(-4).do('i32.and').get(start).do('i32.add').set(whole);
      f.get(start).range(at, whole, 4, () => body(4));
      f.get(whole).range(at, stop, 1, () => body(1));
    } else f.get(start).range(at, stop, 1, () => body(1));
  });
  return { f, items: Math.ceil(length / chunk) };
};

export type Fold = 'sum' | 'max';
const foldOf = {
  f32: { sum: ['f32x4.add', 0], max: ['f32x4.max', Number.NEGATIVE_INFINITY] },
  i32: { sum: ['i32x4.add', 0], max: ['i32x4.max_s', -(2 ** 31)] },
  u32: { sum: ['i32x4.add', 0], max: ['i32x4.max_u', 0] },
} as const;

/** How a reduction is laid out: which axes an item fixes, which it folds, and the row of results it produces. */
export type ReducePlan = {
  /** Elements of the partial results; 0 when one pass is enough. */
  readonly partials: number;
  readonly pieces: number;
  readonly kernel: Kernel;
};

/** Rows of the first folded axis that one item takes: results do not depend on the number of threads. */
const pieceRows = 256;

/** Folds `axes` away. With `pieces` > 1, item (kept, piece) writes its own row of partial results, to be folded again. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: it writes one kernel, in the order in which it runs
export const reduceKernel = (
  shape: Shape,
  axes: readonly number[],
  fold: Fold,
  expression: Expression,
  dtype: DType,
): ReducePlan => {
  const last = shape.length - 1;
  const rowKept = !axes.includes(last);
  const keptAxes = shape.map((_, a) => a).filter((a) => !axes.includes(a) && a !== last);
  const foldAxes = axes.filter((a) => a !== last);
  const split = foldAxes[0];
  const pieces = split === undefined ? 1 : Math.ceil(shape[split] / pieceRows);
  const width = rowKept ? shape[last] : 1;
  const { f, p, begin, end } = kernel();
  const walks = expression.loads.map((l) => l.strides);
  const bases = f.locals(walks.length);
  const pointers = f.locals(walks.length);
  const indices = f.locals(shape.length);
  const [item, kept, piece, out, o, stop] = f.locals(6);
  bases.forEach((b, k) =>
    f
      .get(p)
      .memory('i32.load', 4 * k)
      .set(b),
  );
  f.get(p)
    .memory('i32.load', 4 * walks.length)
    .set(out);
  const inner = walks.map((w) => w[last]);
  const vector = vectorisable(inner);
  const [op, start] = foldOf[dtype][fold];
  const float = dtype === 'f32';
  const sources = (lanes: 4 | 1): Sources => ({
    load: loadFrom(f, pointers, inner, lanes),
    position: (axis) => ({ at: indices[axis], counts: axis === last && lanes === 4 }),
  });
  const index = usesPosition(expression, last) ? indices[last] : undefined;

  const overFolded = (body: () => void) => {
    const nest = (k: number): void => {
      if (k === foldAxes.length) {
        walks.forEach((w, i) => pointer(f, bases[i], indices.slice(0, last), w.slice(0, last), pointers[i]));
        body();
        return;
      }
      const a = foldAxes[k];
      if (a === split && pieces > 1) {
        f.times(piece, pieceRows).i32(pieceRows).do('i32.add').set(stop);
        f.atMost(stop, shape[a]);
        f.times(piece, pieceRows).range(indices[a], stop, 1, () => nest(k + 1));
      } else f.count(indices[a], shape[a], () => nest(k + 1));
    };
    nest(0);
  };

  f.get(begin).range(item, end, 1, () => {
    f.get(item).i32(pieces).do('i32.div_u').set(kept);
    f.get(item).i32(pieces).do('i32.rem_u').set(piece);
    unflatten(
      f,
      kept,
      keptAxes.map((a) => shape[a]),
      keptAxes.map((a) => indices[a]),
    );
    f.get(out)
      .times(item, width * 4)
      .do('i32.add')
      .set(o);
    if (rowKept) {
      const q = f.local();
      // The row of results is the accumulator; it is short and stays in the cache.
      f.get(o).set(q);
      overRow(f, { length: width, pointers: [q], strides: [1] }, true, (lanes) => {
        const zero = f.local('v128');
        f.constant(start, float ? 'f32' : 'i32');
        f.set(zero);
        store(f, q, zero, lanes);
      });
      overFolded(() => {
        f.get(o).set(q);
        overRow(f, { length: width, pointers: [...pointers, q], strides: [...inner, 1], index }, vector, (lanes) => {
          const value = emitExpression(f, expression.code, sources(lanes));
          const next = f.local('v128');
          f.get(q)
            .memory(lanes === 4 ? 'v128.load' : 'v128.load32_zero')
            .get(value)
            .do(op)
            .set(next);
          store(f, q, next, lanes);
        });
      });
    } else if (float && fold === 'sum') {
      // Sums of whole rows in double precision.
      const [low, high] = [f.local('v128'), f.local('v128')];
      f.constant(0).set(low).constant(0).set(high);
      overFolded(() => {
        overRow(f, { length: shape[last], pointers, strides: inner, index }, vector, (lanes) => {
          let value = emitExpression(f, expression.code, sources(lanes));
          if (lanes === 1) value = firstLane(f, value);
          f.get(low).get(value).do('f64x2.promote_low_f32x4', 'f64x2.add').set(low);
          if (lanes === 4) f.get(high).highHalf(value).do('f64x2.promote_low_f32x4', 'f64x2.add').set(high);
        });
      });
      f.get(low, high).do('f64x2.add').set(low);
      const total = f.local('v128');
      f.get(low).highHalf(low).do('f64x2.add', 'f32x4.demote_f64x2_zero').set(total);
      store(f, o, total, 1);
    } else {
      const [all, one] = [f.local('v128'), f.local('v128')];
      f.constant(start, float ? 'f32' : 'i32');
      f.set(all);
      f.constant(start, float ? 'f32' : 'i32');
      f.set(one);
      overFolded(() => {
        overRow(f, { length: shape[last], pointers, strides: inner, index }, vector, (lanes) => {
          const value = emitExpression(f, expression.code, sources(lanes));
          const to = lanes === 4 ? all : one;
          f.get(to, value).do(op).set(to);
        });
      });
      // Lane 0 of `one` with the four lanes of `all`.
      for (let lane = 0; lane < 4; lane++) {
        f.get(one).get(all).extract('i32', lane).do('i32x4.splat', op).set(one);
      }
      store(f, o, one, 1);
    }
  });
  const keptSize = sizeOf(keptAxes.map((a) => shape[a]));
  return { partials: pieces > 1 ? keptSize * pieces * width : 0, pieces, kernel: { f, items: keptSize * pieces } };
};

/** Lane 0, the others 0. */
const firstLane = (f: Func, value: Local): Local => {
  const only = f.local('v128');
  f.constant(0).get(value).extract('f32', 0).replace('f32', 0).set(only);
  return only;
};
