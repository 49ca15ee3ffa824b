/** Pieces of WGSL: expressions as straight code, and the functions that WGSL leaves too imprecise. */
import type { Expression, Instruction } from '../plan/program.ts';
import type { ForIntegers, ScalarKind } from '../scalars.ts';
import type { DType } from '../shape.ts';

/** Modulo 2^32, in which offsets and strides are computed. */
export const u = (value: number): string => `${value >>> 0}u`;

export const literal = (value: number, dtype: DType): string => {
  if (dtype === 'u32') return u(value);
  if (dtype === 'i32') return `i32(${value | 0})`;
  const rounded = Math.fround(value);
  // WGSL refuses constants that are not finite; a function's result is not a constant.
  if (Number.isNaN(rounded)) return 'float_of(0x7fc00000u)';
  if (!Number.isFinite(rounded)) return `float_of(${rounded > 0 ? '0x7f800000u' : '0xff800000u'})`;
  return Object.is(rounded, -0) ? 'float_of(0x80000000u)' : `f32(${rounded})`;
};

/**
 * exp, log, sin, cos, atan after Cephes' single precision versions: WGSL's own may be wrong in the third digit. NaN is told
 * by its bits, because compilers may assume that there is none. Of 0 and -0 the larger is 0: where operands are equal, their
 * bits are taken together.
 */
const functions = `
fn float_of(bits: u32) -> f32 { return bitcast<f32>(bits); }
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_set(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) != 0u; }
fn exp_of(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  if (x > 88.8) { return float_of(0x7f800000u); }
  if (x < -104.0) { return 0.0; }
  let n = round(x * 1.44269504);
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * r + 1.3981999507e-3; p = p * r + 8.3334519073e-3; p = p * r + 4.1665795894e-2;
  p = p * r + 1.6666665459e-1; p = p * r + 5.0000001201e-1;
  p = p * r * r + r + 1.0;
  let half = i32(n) >> 1u;
  let rest = i32(n) - half;
  return p * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(rest + 127) << 23u);
}
fn log_of(given: f32) -> f32 {
  if (is_nan(given) || given < 0.0) { return float_of(0x7fc00000u); }
  if (given == 0.0) { return float_of(0xff800000u); }
  if (bitcast<u32>(given) == 0x7f800000u) { return given; }
  var x = given; var e = 0.0;
  if (x < 1.17549435e-38) { x = x * 8388608.0; e = -23.0; }
  var bits = bitcast<u32>(x);
  e = e + f32(i32(bits >> 23u) - 126);
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f000000u);
  if (m < 0.707106781) { e = e - 1.0; m = m + m - 1.0; } else { m = m - 1.0; }
  let z = m * m;
  var p = 7.0376836292e-2;
  p = p * m - 1.1514610310e-1; p = p * m + 1.1676998740e-1; p = p * m - 1.2420140846e-1;
  p = p * m + 1.4249322787e-1; p = p * m - 1.6668057665e-1; p = p * m + 2.0000714765e-1;
  p = p * m - 2.4999993993e-1; p = p * m + 3.3333331174e-1;
  var y = m * z * p;
  y = y - 2.12194440e-4 * e - 0.5 * z;
  return m + y + 0.693359375 * e;
}
fn mul_wide(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let first = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let second = (a & 0xffffu) * (b >> 16u) + (first & 0xffffu);
  return vec2<u32>((second << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (first >> 16u) + (second >> 16u));
}
fn far_angle(x: f32) -> vec2<f32> {
  var digits = array<u32, 7>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);
  let bits = bitcast<u32>(x);
  let exponent = ((bits >> 23u) & 255u) - 126u;
  let first = exponent >> 5u;
  let by = exponent & 31u;
  var d = vec3<u32>(digits[first], digits[first + 1u], digits[first + 2u]);
  if (by > 0u) { d = (d << vec3<u32>(by)) | (vec3<u32>(d.y, d.z, digits[first + 3u]) >> vec3<u32>(32u - by)); }
  let mantissa = (bits << 8u) | 0x80000000u;
  let middle = mul_wide(mantissa, d.y);
  var low = middle.x + mul_wide(mantissa, d.z).y;
  var high = mantissa * d.x + middle.y + select(0u, 1u, low < middle.x);
  var n = high >> 30u;
  high = high & 0x3fffffffu;
  var sign = 1.0;
  if (high >= 0x20000000u) {
    n = n + 1u; sign = -1.0;
    high = 0x3fffffffu - high + select(0u, 1u, low == 0u);
    low = 0u - low;
  }
  return vec2<f32>(sign * (f32(high) + f32(low) * 2.3283064e-10) * 1.4629180792671596e-9, f32(n));
}
fn near_angle(x: f32) -> vec2<f32> {
  let n = round(x * 0.636619772);
  return vec2<f32>(((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.549789948768648e-8, n);
}
fn sine(x: f32, quarter: i32) -> f32 {
  if ((bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u) { return float_of(0x7fc00000u); }
  var angle = near_angle(x);
  if (abs(x) > 8192.0) { angle = far_angle(abs(x)) * select(1.0, -1.0, x < 0.0); }
  let r = angle.x;
  let z = r * r;
  let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let q = (i32(angle.y) + quarter) & 3;
  let v = select(s, c, (q & 1) == 1);
  return select(v, -v, q >= 2);
}
fn atan_of(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  var a = abs(x); var y = 0.0;
  if (a > 2.414213562) { y = 1.570796327; a = select(-1.0 / a, 0.0, a > 1e30); }
  else if (a > 0.4142135624) { y = 0.7853981634; a = (a - 1.0) / (a + 1.0); }
  let z = a * a;
  y = y + (((8.05374449538e-2 * z - 1.38776856032e-1) * z + 1.99777106478e-1) * z - 3.33329491539e-1) * z * a + a;
  return select(y, -y, x < 0.0);
}
fn max_of(a: f32, b: f32) -> f32 {
  let both = bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b));
  return select(select(select(max(a, b), both, a == b), b, is_nan(b)), a, is_nan(a));
}
fn min_of(a: f32, b: f32) -> f32 {
  let both = bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b));
  return select(select(select(min(a, b), both, a == b), b, is_nan(b)), a, is_nan(a));
}
fn times_zero(x: f32, sign: u32) -> f32 {
  let bits = bitcast<u32>(x);
  return select(float_of((bits ^ sign) & 0x80000000u), float_of(0x7fc00000u), (bits & 0x7f800000u) == 0x7f800000u);
}
fn zero_over(x: f32, sign: u32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  return select(float_of((bits ^ sign) & 0x80000000u), float_of(0x7fc00000u), size == 0u || size > 0x7f800000u);
}
fn half_of(x: f32) -> f16 { return f16(select(clamp(x, -65504.0, 65504.0), x, is_nan(x))); }
fn to_i32(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x <= -2147483648.0) { return i32(-2147483648); }
  return i32(x);
}
fn to_u32(x: f32) -> u32 {
  if (is_nan(x) || x <= 0.0) { return 0u; }
  if (x >= 4294967296.0) { return 0xffffffffu; }
  return u32(x);
}
`
  .split(/\n(?=fn )/)
  .filter((text) => text.trim() !== '')
  .map((text) => ({ name: /^fn (\w+)/.exec(text)?.[1] ?? '', text }));

/** Of these functions those that a program calls, directly or not: what is not there need not be compiled. */
export const functionsFor = (code: string): string => {
  const calls = (text: string, name: string): boolean => new RegExp(`\\b${name}\\(`).test(text);
  const taken = new Set<string>();
  const take = (text: string): void => {
    for (const { name, text: own } of functions) {
      if (taken.has(own) || !calls(text, name)) continue;
      taken.add(own);
      take(own);
    }
  };
  take(code);
  return functions.flatMap(({ text }) => (taken.has(text) ? [text] : [])).join('\n');
};

/** One line of WGSL for each instruction; `$a` and `$b` are the operands. */
const floats: Readonly<Record<ScalarKind, string>> = {
  neg: '-$a',
  abs: 'abs($a)',
  exp: 'exp_of($a)',
  log: 'log_of($a)',
  sqrt: 'sqrt($a)',
  sin: 'sine($a, 0)',
  cos: 'sine($a, 1)',
  atan: 'atan_of($a)',
  floor: 'floor($a)',
  add: '$a + $b',
  sub: '$a - $b',
  mul: '$a * $b',
  div: '$a / $b',
  max: 'max_of($a, $b)',
  min: 'min_of($a, $b)',
  less: 'select(0.0, 1.0, $a < $b)',
  equal: 'select(0.0, 1.0, $a == $b && !is_nan($a) && !is_nan($b))',
};
const integers = (zero: string): ForIntegers<string> => ({
  neg: `${zero} - $a`,
  abs: 'abs($a)',
  add: '$a + $b',
  sub: '$a - $b',
  mul: '$a * $b',
  div: `select($a / $b, ${zero}, $b == ${zero})`,
  max: 'max($a, $b)',
  min: 'min($a, $b)',
  less: 'select(0.0, 1.0, $a < $b)',
  equal: 'select(0.0, 1.0, $a == $b)',
});
const tables: Readonly<Record<DType, Partial<Record<ScalarKind, string>>>> = {
  f32: floats,
  i32: integers('0i'),
  u32: integers('0u'),
};

const casts: Readonly<Record<DType, Readonly<Record<DType, string>>>> = {
  f32: { f32: '$a', i32: 'to_i32($a)', u32: 'to_u32($a)' },
  i32: { f32: 'f32($a)', i32: '$a', u32: 'bitcast<u32>($a)' },
  u32: { f32: 'f32($a)', i32: 'bitcast<i32>($a)', u32: '$a' },
};

export type Sources = {
  /** WGSL of the element that a load reads. */
  readonly load: (index: number) => string;
  readonly accumulator?: string;
  /** Position along an axis, u32. */
  readonly position: (axis: number) => string;
};

/** A product with a literal zero, or a quotient of one, which compilers take for 0 whatever the other operand is. */
const ofZero = (line: Instruction, code: readonly Instruction[]): string | undefined => {
  if ((line.kind !== 'mul' && line.kind !== 'div') || line.dtype !== 'f32') return undefined;
  const signOf = (place: number): string | undefined => {
    const { kind, value } = code[place] as { kind: string; value?: number };
    return kind === 'literal' && value === 0 ? (Object.is(value, -0) ? '0x80000000u' : '0u') : undefined;
  };
  const [first, second] = [signOf(line.a), signOf(line.b)];
  if (line.kind === 'div') return first && `zero_over(v${line.b}, ${first})`;
  return (second && `times_zero(v${line.a}, ${second})`) ?? (first && `times_zero(v${line.b}, ${first})`);
};

const lineOf = (line: Instruction, code: readonly Instruction[], sources: Sources): string => {
  const fill = (pattern: string, a: number, b?: number) => pattern.replaceAll('$a', `v${a}`).replaceAll('$b', `v${b}`);
  switch (line.kind) {
    case 'load':
      return sources.load(line.load);
    case 'accumulator':
      return sources.accumulator ?? '';
    case 'literal':
      return literal(line.value, line.dtype);
    case 'position': {
      const whole = `(i32(${sources.position(line.axis)}) * ${literal(line.scale, 'i32')} + ${literal(line.start, 'i32')})`;
      return `${line.dtype}(${whole})`;
    }
    case 'select':
      return `select(v${line.b}, v${line.a}, ${code[line.c].dtype === 'f32' ? `is_set(v${line.c})` : `v${line.c} != ${literal(0, code[line.c].dtype)}`})`;
    case 'cast':
      return fill(casts[code[line.a].dtype][line.dtype], line.a);
    default: {
      const { dtype } = code[line.a];
      const pattern = tables[dtype][line.kind];
      if (pattern === undefined) throw new Error(`${line.kind} takes no ${dtype}`);
      return ofZero(line, code) ?? fill(pattern, line.a, 'b' in line ? line.b : undefined);
    }
  }
};

/** The lines as `let v0 = ...;`, and the name of the last. */
export const emitExpression = ({ code }: Expression, sources: Sources): { lines: string; result: string } => ({
  lines: code.map((line, i) => `let v${i}: ${line.dtype} = ${lineOf(line, code, sources)};`).join('\n'),
  result: `v${code.length - 1}`,
});

/** `index` split into positions `<name>0, <name>1, ...` of a shape, the last varying fastest. */
export const unflatten = (index: string, shape: readonly number[], name: string): string => {
  const lines = [`var ${name}_rest = ${index};`];
  for (let a = shape.length - 1; a >= 0; a--) {
    if (a === 0) lines.push(`let ${name}0 = ${name}_rest;`);
    else
      lines.push(`let ${name}${a} = ${name}_rest % ${u(shape[a])};`, `${name}_rest = ${name}_rest / ${u(shape[a])};`);
  }
  return lines.join('\n');
};

/** offset + sum of positions times strides. */
export const addressOf = (offset: number, strides: readonly number[], position: (axis: number) => string): string =>
  [u(offset), ...strides.flatMap((s, a) => (s === 0 ? [] : [`${position(a)} * ${u(s)}`]))].join(' + ');
