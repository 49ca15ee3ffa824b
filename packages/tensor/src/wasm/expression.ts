/** Expressions as straight SIMD code: four lanes at a time, or lane 0 alone at the end of a row. */
import type { Instruction as Line } from '../plan/program.ts';
import { type BinaryRow, type ForIntegers, type ScalarKind, scalarRows } from '../scalars.ts';
import type { DType } from '../shape.ts';
import { type Func, type HostFunction, hostIndex, type Instruction, type Local } from './emitter.ts';

/** Puts the four lanes (or lane 0) of a load, or of the kernel's own value, on the stack. */
export type Sources = {
  readonly load: (index: number) => void;
  readonly accumulator?: () => void;
  /** i32 position along an axis, and whether the lanes count up along it. */
  readonly position?: (axis: number) => { readonly at: Local; readonly counts: boolean };
};

/** e^x: 2^n e^r with |r| <= ln 2 / 2, a polynomial for e^r (after Cephes' expf); under- and overflow as they should. */
const exp = (f: Func, x: Local): void => {
  const [r, n, p, whole, half] = Array.from({ length: 5 }, () => f.local('v128'));
  // Adding a large number leaves the nearest whole one in the low bits. A NaN in x passes pmax and pmin.
  const large = 12582912;
  f.get(x).fixed(-104).do('f32x4.pmax').fixed(89).do('f32x4.pmin').tee(r);
  f.fixed(Math.LOG2E).do('f32x4.mul').fixed(large).do('f32x4.add').tee(whole).fixed(large).do('f32x4.sub').set(n);
  f.get(r).get(n).fixed(0.693359375).do('f32x4.mul', 'f32x4.sub');
  f.get(n).fixed(-2.1219444e-4).do('f32x4.mul', 'f32x4.sub').set(r);
  f.fixed(1.98756915e-4).set(p);
  for (const c of [1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]) {
    f.get(p, r).do('f32x4.mul').fixed(c).do('f32x4.add').set(p);
  }
  f.get(p, r).do('f32x4.mul').get(r).do('f32x4.mul').get(r).do('f32x4.add').fixed(1).do('f32x4.add').set(p);
  // 2^n in two factors, so that neither leaves the range of exponents.
  f.get(whole).fixed(0x4b400000, 'i32').do('i32x4.sub').tee(whole).shift('i32x4.shr_s', 1).set(half);
  const power = () => f.fixed(127, 'i32').do('i32x4.add').shift('i32x4.shl', 23);
  f.get(p).get(half);
  power().do('f32x4.mul').get(whole, half).do('i32x4.sub');
  power().do('f32x4.mul');
};

/** Natural logarithm (after Cephes' logf), with denormals, zero, infinity and NaN as they should be. */
const log = (f: Func, x: Local): void => {
  const [m, e, small, p, z, mask] = Array.from({ length: 6 }, () => f.local('v128'));
  f.get(x).fixed(1.17549435e-38).do('f32x4.lt').set(small);
  f.get(x).fixed(8388608).do('f32x4.mul').get(x).get(small).do('v128.bitselect').set(m);
  f.get(m).shift('i32x4.shr_u', 23).fixed(126, 'i32').do('i32x4.sub', 'f32x4.convert_i32x4_s');
  f.get(small).fixed(23).do('v128.and', 'f32x4.sub').set(e);
  f.get(m).fixed(0x007fffff, 'i32').do('v128.and').fixed(0x3f000000, 'i32').do('v128.or').set(m);
  f.get(m).fixed(Math.SQRT1_2).do('f32x4.lt').set(mask);
  f.get(e).get(mask).fixed(1).do('v128.and', 'f32x4.sub').set(e);
  f.get(m).get(mask, m).do('v128.and', 'f32x4.add').fixed(1).do('f32x4.sub').set(m);
  f.get(m, m).do('f32x4.mul').set(z);
  f.fixed(7.0376836292e-2).set(p);
  for (const c of [
    -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
    -2.4999993993e-1, 3.3333331174e-1,
  ]) {
    f.get(p, m).do('f32x4.mul').fixed(c).do('f32x4.add').set(p);
  }
  f.get(p, m).do('f32x4.mul').get(z).do('f32x4.mul');
  f.get(e).fixed(-2.1219444e-4).do('f32x4.mul', 'f32x4.add');
  f.get(z).fixed(0.5).do('f32x4.mul', 'f32x4.sub').get(m).do('f32x4.add');
  f.get(e).fixed(0.693359375).do('f32x4.mul', 'f32x4.add').set(p);
  // 0, infinity, below 0 or NaN.
  f.fixed(Number.NEGATIVE_INFINITY).get(p).get(x).fixed(0).do('f32x4.eq', 'v128.bitselect').set(p);
  f.get(x, p).get(x).fixed(Number.POSITIVE_INFINITY).do('f32x4.eq', 'v128.bitselect').set(p);
  f.fixed(Number.NaN).get(p).get(x).fixed(0).do('f32x4.lt').get(x, x).do('f32x4.ne', 'v128.or', 'v128.bitselect');
};

/** Lane by lane through a function of the host: exact everywhere, for functions that are rare in hot code. */
const byHost =
  (name: HostFunction) =>
  (f: Func, x: Local): void => {
    const out = f.local('v128');
    f.get(x).set(out);
    for (let lane = 0; lane < 4; lane++) {
      f.get(out).get(x).extract('f32', lane).call(hostIndex(name)).replace('f32', lane).set(out);
    }
    f.get(out);
  };

/** Truncated toward zero; by zero gives 0. */
const integerDivision = (f: Func, a: Local, b: Local, unsigned: boolean): void => {
  const [out, p, q] = [f.local('v128'), f.local(), f.local()];
  f.get(a).set(out);
  for (let lane = 0; lane < 4; lane++) {
    f.get(a).extract('i32', lane).set(p).get(b).extract('i32', lane).set(q);
    // The smallest integer by -1 would trap; its quotient wraps to itself, which is 0 - p.
    f.get(q)
      .do('i32.eqz')
      .when(
        () => f.get(out).i32(0).replace('i32', lane).set(out),
        () => {
          if (unsigned) f.get(out).get(p, q).do('i32.div_u').replace('i32', lane).set(out);
          else {
            f.add(q, 1)
              .do('i32.eqz')
              .when(
                () => f.get(out).i32(0).get(p).do('i32.sub').replace('i32', lane).set(out),
                () => f.get(out).get(p, q).do('i32.div_s').replace('i32', lane).set(out),
              );
          }
        },
      );
  }
  f.get(out);
};

/** How an operation is computed: by instructions over the operands on the stack, or by code that leaves its result there. */
type Emit = readonly Instruction[] | ((f: Func, a: Local, b: Local) => void);

const floats: Readonly<Record<ScalarKind, Emit>> = {
  neg: ['f32x4.neg'],
  abs: ['f32x4.abs'],
  exp,
  log,
  sqrt: ['f32x4.sqrt'],
  sin: byHost('sin'),
  cos: byHost('cos'),
  atan: byHost('atan'),
  floor: ['f32x4.floor'],
  add: ['f32x4.add'],
  sub: ['f32x4.sub'],
  mul: ['f32x4.mul'],
  div: ['f32x4.div'],
  max: ['f32x4.max'],
  min: ['f32x4.min'],
  less: ['f32x4.lt'],
  equal: ['f32x4.eq'],
};
const integers = (unsigned: boolean): ForIntegers<Emit> => ({
  neg: ['i32x4.neg'],
  abs: unsigned ? [] : ['i32x4.abs'],
  add: ['i32x4.add'],
  sub: ['i32x4.sub'],
  mul: ['i32x4.mul'],
  div: (f, a, b) => integerDivision(f, a, b, unsigned),
  max: [unsigned ? 'i32x4.max_u' : 'i32x4.max_s'],
  min: [unsigned ? 'i32x4.min_u' : 'i32x4.min_s'],
  less: [unsigned ? 'i32x4.lt_u' : 'i32x4.lt_s'],
  equal: ['i32x4.eq'],
});
const tables: Readonly<Record<DType, Partial<Record<ScalarKind, Emit>>>> = {
  f32: floats,
  i32: integers(false),
  u32: integers(true),
};

/** Where the second operand `follows` the first. */
const quicker = { max: ['f32x4.pmax'], min: ['f32x4.pmin'] } as const satisfies Readonly<Record<string, Emit>>;

const cast = (f: Func, a: Local, from: DType, to: DType): void => {
  f.get(a);
  if (from === 'f32' && to !== 'f32') f.do(to === 'i32' ? 'i32x4.trunc_sat_f32x4_s' : 'i32x4.trunc_sat_f32x4_u');
  if (from !== 'f32' && to === 'f32') f.do(from === 'i32' ? 'f32x4.convert_i32x4_s' : 'f32x4.convert_i32x4_u');
};

/**
 * Whether the second operand is NaN only where the first is, and a zero of another sign nowhere: then one instruction is
 * enough for max and min. It is a number other than 0, or the first operand times a number above 0.
 */
const follows = (code: readonly Line[], a: number, b: number): boolean => {
  const second = code[b];
  if (second.kind === 'literal') return !Number.isNaN(second.value) && Math.fround(second.value) !== 0;
  if (second.kind !== 'mul' || second.a !== a) return false;
  const factor = code[second.b];
  if (factor.kind !== 'literal') return false;
  // Infinity times 0 would be NaN.
  const value = Math.fround(factor.value);
  return value > 0 && value < Number.POSITIVE_INFINITY;
};

/** Emits the lines and leaves the last value in the local that is returned. */
export const emitExpression = (f: Func, code: readonly Line[], sources: Sources): Local => {
  const values: Local[] = [];
  // Lanes of ones where a comparison holds, which is what select wants.
  const masks = new Map<number, Local>();
  for (const [index, line] of code.entries()) {
    const out = f.local('v128');
    switch (line.kind) {
      case 'load':
        sources.load(line.load);
        break;
      case 'accumulator':
        sources.accumulator?.();
        break;
      case 'literal':
        f.fixed(line.value, line.dtype === 'f32' ? 'f32' : 'i32');
        break;
      case 'position': {
        const place = sources.position?.(line.axis);
        if (place === undefined) throw new Error('a position outside a map');
        f.get(place.at).do('i32x4.splat');
        if (place.counts) {
          f.fixed(0, 'i32');
          for (const lane of [1, 2, 3]) f.i32(lane).replace('i32', lane);
          f.do('i32x4.add');
        }
        f.fixed(line.scale, 'i32').do('i32x4.mul').fixed(line.start, 'i32').do('i32x4.add');
        if (line.dtype === 'f32') f.do('f32x4.convert_i32x4_s');
        break;
      }
      case 'select':
        f.get(values[line.a], values[line.b]);
        if (masks.has(line.c)) f.get(masks.get(line.c)!);
        else f.get(values[line.c]).fixed(0).do('f32x4.ne');
        f.do('v128.bitselect');
        break;
      case 'cast':
        cast(f, values[line.a], code[line.a].dtype, line.dtype);
        break;
      default: {
        const { dtype } = code[line.a];
        const [a, b] = [values[line.a], 'b' in line ? values[line.b] : values[line.a]];
        const quick = dtype === 'f32' && (line.kind === 'max' || line.kind === 'min') && follows(code, line.a, line.b);
        const emit = quick ? quicker[line.kind as 'max' | 'min'] : tables[dtype][line.kind];
        if (emit === undefined) throw new Error(`${line.kind} takes no ${dtype}`);
        if (typeof emit === 'function') emit(f, a, b);
        else {
          f.get(a);
          if ('b' in line) f.get(b);
          f.do(...emit);
        }
        // A comparison gives 1 or 0.
        if ((scalarRows[line.kind] as BinaryRow).compares) {
          const mask = f.local('v128');
          f.tee(mask).fixed(1).do('v128.and');
          masks.set(index, mask);
        }
      }
    }
    f.set(out);
    values.push(out);
  }
  return values[values.length - 1];
};
