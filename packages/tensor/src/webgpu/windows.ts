/** Pooling, gathering, scattering and random bits: a thread for each element of the result. */
import type { Step } from '../plan/program.ts';
import { parity, rotations } from '../random/threefry.ts';
import { sizeOf } from '../shape.ts';
import type { Lowering } from './lowering.ts';
import { literal, u, unflatten } from './wgsl.ts';

type Pool = Extract<Step, { kind: 'maxPool2d' | 'maxPool2dGrad' }>;

const infinity = literal(Number.NEGATIVE_INFINITY, 'f32');

/** Visits the pixels of window (n, i, j) for channel c, in order: `at` is the element. */
const eachPixel = (lowering: Lowering, step: Pool, i: string, j: string, body: string): string => {
  const [, h, w, c] = lowering.shapeOf(step.x);
  const { size, stride, padding } = step;
  return `for (var ky = 0u; ky < ${u(size[0])}; ky++) { for (var kx = 0u; kx < ${u(size[1])}; kx++) {
let y = ${i} * ${u(stride[0])} + ky - ${u(padding[0])};
let x = ${j} * ${u(stride[1])} + kx - ${u(padding[2])};
if (y < ${u(h)} && x < ${u(w)}) { let at = ((p0 * ${u(h)} + y) * ${u(w)} + x) * ${u(c)} + p3; ${body} }
} }`;
};

export const maxPool = (lowering: Lowering, step: Extract<Pool, { kind: 'maxPool2d' }>): void => {
  const shape = lowering.shapeOf(step.out);
  const bindings = lowering.bindings();
  const out = bindings.name({ value: step.out }, 'f32', true);
  const x = bindings.name({ value: step.x }, 'f32');
  lowering.flat(
    bindings,
    sizeOf(shape),
    `${unflatten('index', shape, 'p')}
var most = ${infinity};
${eachPixel(lowering, step, 'p1', 'p2', `most = max_of(most, ${bindings.read(x, 'at')});`)}
${bindings.write(out, 'index', 'most')}`,
  );
};

/** Each input element looks at the windows that hold it, and takes the gradient of those whose first largest it is. */
export const maxPoolGrad = (lowering: Lowering, step: Extract<Pool, { kind: 'maxPool2dGrad' }>): void => {
  const shape = lowering.shapeOf(step.x);
  const [, oh, ow, c] = lowering.shapeOf(step.dy);
  const { size, stride, padding } = step;
  const bindings = lowering.bindings();
  const out = bindings.name({ value: step.out }, 'f32', true);
  const x = bindings.name({ value: step.x }, 'f32');
  const dy = bindings.name({ value: step.dy }, 'f32');
  /** Windows along an axis that hold position `p`: from the first to the last. */
  const range = (name: string, p: string, axis: 0 | 1, pad: number, count: number) => `
let ${name}Last = min((${p} + ${u(pad)}) / ${u(stride[axis])}, ${u(count - 1)});
let ${name}First = select((${p} + ${u(pad)} - ${u(size[axis])}) / ${u(stride[axis])} + 1u, 0u, ${p} + ${u(pad)} < ${u(size[axis])});`;
  lowering.flat(
    bindings,
    sizeOf(shape),
    `${unflatten('index', shape, 'p')}
${range('i', 'p1', 0, padding[0], oh)}
${range('j', 'p2', 1, padding[2], ow)}
var total = 0.0;
for (var i = iFirst; i <= iLast; i++) { for (var j = jFirst; j <= jLast; j++) {
var best = 0xffffffffu; var most = ${infinity};
${eachPixel(lowering, step, 'i', 'j', `let v = ${bindings.read(x, 'at')}; if (best == 0xffffffffu || v > most || (is_nan(v) && !is_nan(most))) { best = at; most = v; }`)}
if (best == index) { total = total + ${bindings.read(dy, `((p0 * ${u(oh)} + i) * ${u(ow)} + j) * ${u(c)} + p3`)}; }
} }
${bindings.write(out, 'index', 'total')}`,
  );
};

export const gather = (lowering: Lowering, step: Extract<Step, { kind: 'gather' }>): void => {
  const { outer, size, count, inner } = step;
  const dtype = lowering.dtypeOf(step.out);
  const bindings = lowering.bindings();
  const out = bindings.name({ value: step.out }, dtype, true);
  const x = bindings.name({ value: step.x }, dtype);
  const indices = bindings.name({ value: step.indices }, 'i32');
  lowering.flat(
    bindings,
    outer * count * inner,
    `${unflatten('index', [outer, count, inner], 'p')}
let source = ${indices}[p1];
let inside = source >= 0 && source < ${size}i;
${bindings.write(out, 'index', `select(${literal(0, dtype)}, ${bindings.read(x, `(p0 * ${u(size)} + select(0u, u32(source), inside)) * ${u(inner)} + p2`)}, inside)`)}`,
  );
};

/** The result is [outer, size, inner]; every element looks through all updates, of which there are few. */
export const scatterAdd = (lowering: Lowering, step: Extract<Step, { kind: 'scatterAdd' }>): void => {
  const { outer, size, count, inner } = step;
  const dtype = lowering.dtypeOf(step.out);
  const bindings = lowering.bindings();
  const out = bindings.name({ value: step.out }, dtype, true);
  const updates = bindings.name({ value: step.updates }, dtype);
  const indices = bindings.name({ value: step.indices }, 'i32');
  lowering.flat(
    bindings,
    outer * size * inner,
    `${unflatten('index', [outer, size, inner], 'p')}
var total = ${literal(0, dtype)};
for (var k = 0u; k < ${u(count)}; k++) {
if (${indices}[k] == i32(p1)) { total = total + ${bindings.read(updates, `(p0 * ${u(count)} + k) * ${u(inner)} + p2`)}; }
}
${bindings.write(out, 'index', 'total')}`,
  );
};

/** Threefry-2x32: a thread for each pair of words. */
export const randomBits = (lowering: Lowering, step: Extract<Step, { kind: 'randomBits' }>): void => {
  const bindings = lowering.bindings();
  const out = bindings.name({ value: step.out }, 'u32', true);
  const key = bindings.name({ value: step.key }, 'u32');
  const rounds = Array.from({ length: 20 }, (_, round) => {
    const by = rotations[round % 8];
    const mix = `x = x + y; y = ((y << ${by}u) | (y >> ${32 - by}u)) ^ x;`;
    if (round % 4 !== 3) return mix;
    const injection = (round + 1) / 4;
    return `${mix} x = x + k${injection % 3}; y = y + k${(injection + 1) % 3} + ${injection}u;`;
  });
  lowering.flat(
    bindings,
    Math.ceil(step.count / 2),
    `let k0 = ${key}[0]; let k1 = ${key}[1]; let k2 = k0 ^ k1 ^ ${u(parity)};
var x = k0; var y = index + k1;
${rounds.join('\n')}
${out}[2u * index] = x;
if (2u * index + 1u < ${u(step.count)}) { ${out}[2u * index + 1u] = y; }`,
  );
};
