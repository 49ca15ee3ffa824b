/** Convolutions, their gradients and matrix products: what the matrix kernel reads and writes for each. */
import { type Expression, noValue, type Step, type ValueId } from '../plan/program.ts';
import { type DType, type Shape, sizeOf, stridesOf } from '../shape.ts';
import { type Loader, type Product, problemName, product, type Tile, tileName, tilesFor } from './gemm.ts';
import type { Operand, Written } from './kernel.ts';
import type { Bindings, Lowering } from './lowering.ts';
import { map, reduce } from './pointwise.ts';
import { onUnits, unitsName, unitTilesFor } from './units.ts';
import { emitExpression, u, unflatten } from './wgsl.ts';

type Convolution = Extract<Step, { kind: 'conv2d' | 'conv2dInput' | 'conv2dFilter' }>;

const problemOf = (lowering: Lowering, step: Convolution) => {
  const { kind, groups, stride, padding } = step;
  const [n, h, w, c] = lowering.shapeOf(kind === 'conv2dInput' ? step.out : step.x);
  const [out, kh, kw, ci] = lowering.shapeOf(kind === 'conv2dFilter' ? step.out : step.filter);
  const [, oh, ow] = lowering.shapeOf(kind === 'conv2d' ? step.out : step.dy);
  return {
    n,
    h,
    w,
    c,
    out,
    kh,
    kw,
    ci,
    oh,
    ow,
    groups,
    sh: stride[0],
    sw: stride[1],
    pt: padding[0],
    pl: padding[2],
    perGroup: out / groups,
  };
};

/** Writes `value` to flat element `at` of the step's result, through the epilogue. */
const finisher = (
  lowering: Lowering,
  bindings: Bindings,
  name: string,
  shape: Shape,
  epilogue: Expression | undefined,
): ((at: string, value: string) => string) => {
  if (!epilogue) return (at, value) => bindings.write(name, at, value);
  const position = (axis: number) => `e${axis}`;
  const load = lowering.loader(bindings, epilogue, position);
  return (at, value) => {
    const { lines, result } = emitExpression(epilogue, { load, position, accumulator: 'accumulated' });
    return `let place = ${at}; let accumulated = ${value};\n${unflatten('place', shape, 'e')}\n${lines}\n${bindings.write(name, 'place', result)}`;
  };
};

/** Buffers of a contraction beside those that its epilogue reads: the result and two operands. */
const ownBuffers = 3;

/**
 * A contraction with its epilogue. Where that reads more buffers than a kernel may bind, the sums go to a temporary first,
 * and the epilogue is a kernel, or several, of its own.
 */
const withEpilogue = (
  lowering: Lowering,
  out: ValueId,
  epilogue: Expression | undefined,
  contract: (target: Operand, dtype: DType, epilogue: Expression | undefined) => void,
): void => {
  const read = new Set(epilogue?.loads.map(({ value }) => lowering.program.values[value].place));
  if (epilogue === undefined || read.size + ownBuffers <= lowering.means.maxBuffers) {
    contract({ value: out }, lowering.dtypeOf(out), epilogue);
    return;
  }
  const shape = lowering.shapeOf(out);
  const strides = stridesOf(shape);
  const sums = lowering.temporary(sizeOf(shape));
  contract(sums, 'f32', undefined);
  const code = epilogue.code.map((line) =>
    line.kind === 'accumulator' ? { kind: 'load' as const, load: epilogue.loads.length, dtype: line.dtype } : line,
  );
  const loads = [...epilogue.loads, { value: noValue, offset: 0, strides }];
  const reads = [...epilogue.loads.map(({ value }) => ({ value })), sums];
  map(
    lowering,
    shape,
    { loads, code },
    { operand: { value: out }, dtype: lowering.dtypeOf(out), offset: 0, strides },
    reads,
  );
};

/** On matrix units where there are some and the product is large enough. */
const multiply = (lowering: Lowering, bindings: Bindings, p: Product): void => {
  const { units } = lowering.means;
  const [problem, onUnit] = [problemName(p), units ? unitTilesFor(p, units) : []];
  const way = (tile: Tile, write: () => Written) => ({ name: tileName(tile), write });
  if (units && onUnit.length > 0) {
    const ways = onUnit.map((tile) => way(tile, () => onUnits(p, tile, units)));
    lowering.push(bindings, `${unitsName(units)}: ${problem}`, ways);
    return;
  }
  const ways = tilesFor(p, lowering.means.barriers).map((tile) => way(tile, () => product(p, tile)));
  lowering.push(bindings, problem, ways);
};

/** (`&` computes both sides, where `&&` would be a branch.) An image's pixel for output pixel `i` at tap `s`: its address, and whether it lies inside. */
const pixelOf = (g: ReturnType<typeof problemOf>, i: string, x: string): string => `
let out${x} = ${i} % ${u(g.oh * g.ow)};
let y${x} = (out${x} / ${u(g.ow)}) * ${u(g.sh)} + s / ${u(g.kw)} - ${u(g.pt)};
let x${x} = (out${x} % ${u(g.ow)}) * ${u(g.sw)} + s % ${u(g.kw)} - ${u(g.pl)};
let in${x} = (y${x} < ${u(g.h)}) & (x${x} < ${u(g.w)});
let at${x} = select(0u, ((${i} / ${u(g.oh * g.ow)} * ${u(g.h)} + y${x}) * ${u(g.w)} + x${x}) * ${u(g.c)}, in${x}) + z * ${u(g.ci)};`;

/**
 * Input pixels by their place between the strides: those of one parity took part through the same taps, every stride-th.
 * `problem` says which parity z is and which taps it has, `pixel` where input pixel `i` of it lies, `source` the dy pixel that
 * it took part in at tap `s`.
 */
const parities = (g: ReturnType<typeof problemOf>) => {
  const [high, wide] = [Math.ceil(g.h / g.sh), Math.ceil(g.w / g.sw)];
  const pixel = (i: string, x: string): string => `
let cell${x} = ${i} % ${u(high * wide)};
let y${x} = cell${x} / ${u(wide)} * ${u(g.sh)} + parity / ${u(g.sw)};
let x${x} = cell${x} % ${u(wide)} * ${u(g.sw)} + parity % ${u(g.sw)};
let image${x} = ${i} / ${u(high * wide)};`;
  return {
    rows: g.n * high * wide,
    count: g.groups * g.sh * g.sw,
    segments: Math.ceil(g.kh / g.sh) * Math.ceil(g.kw / g.sw),
    problem: `let group = z % ${u(g.groups)};
let parity = z / ${u(g.groups)};
let firstY = (parity / ${u(g.sw)} + ${u(g.pt)}) % ${u(g.sh)};
let firstX = (parity % ${u(g.sw)} + ${u(g.pl)}) % ${u(g.sw)};
let down = (${u(g.kh + g.sh - 1)} - firstY) / ${u(g.sh)};
let across = (${u(g.kw + g.sw - 1)} - firstX) / ${u(g.sw)};`,
    range: 'let first = 0u; let end = down * across;',
    pixel,
    tap: `((firstY + s / across * ${u(g.sh)}) * ${u(g.kw)} + firstX + s % across * ${u(g.sw)})`,
    source: (i: string, x: string): string => `${pixel(i, x)}
let sourceY${x} = (y${x} + ${u(g.pt)} - firstY) / ${u(g.sh)} - s / across;
let sourceX${x} = (x${x} + ${u(g.pl)} - firstX) / ${u(g.sw)} - s % across;
let in${x} = (sourceY${x} < ${u(g.oh)}) & (sourceX${x} < ${u(g.ow)});
let at${x} = select(0u, ((image${x} * ${u(g.oh)} + sourceY${x}) * ${u(g.ow)} + sourceX${x}) * ${u(g.out)}, in${x}) + group * ${u(g.perGroup)};`,
  };
};

const guarded =
  (bindings: Bindings, name: string): Loader['load'] =>
  (k, x) =>
    `select(0.0, ${bindings.read(name, `at${x} + ${k}`)}, in${x})`;

type Windows = Pick<Product, 'segments' | 'depth' | 'a' | 'functions'>;

/** Windows of the image, a tap of the filter at a time. */
const windowsByTap = (g: ReturnType<typeof problemOf>, bindings: Bindings, x: string): Windows => ({
  segments: g.kh * g.kw,
  depth: g.ci,
  a: { along: 'depth', prepare: (i, s) => pixelOf(g, i, s), load: guarded(bindings, x) },
});

/** With fewer channels than this, a tap alone is too short a sum. */
const shallow = 8;

/** Windows of the image as one sum over taps and channels. */
const wholeWindows = (g: ReturnType<typeof problemOf>, bindings: Bindings, x: string): Windows => ({
  segments: 1,
  depth: g.kh * g.kw * g.ci,
  a: {
    along: 'depth',
    prepare: (i, s) => `let out${s} = ${i} % ${u(g.oh * g.ow)};
let image${s} = ${i} / ${u(g.oh * g.ow)};
let y${s} = (out${s} / ${u(g.ow)}) * ${u(g.sh)} - ${u(g.pt)};
let x${s} = (out${s} % ${u(g.ow)}) * ${u(g.sw)} - ${u(g.pl)};`,
    load: (k, s) => `element(image${s}, y${s}, x${s}, z, ${k})`,
  },
  functions: `fn element(image: u32, y0: u32, x0: u32, z: u32, k: u32) -> f32 {
let tap = k / ${u(g.ci)};
let y = y0 + tap / ${u(g.kw)};
let x = x0 + tap % ${u(g.kw)};
if (y >= ${u(g.h)} || x >= ${u(g.w)}) { return 0.0; }
return ${bindings.read(x, `((image * ${u(g.h)} + y) * ${u(g.w)} + x) * ${u(g.c)} + z * ${u(g.ci)} + k % ${u(g.ci)}`)};
}`,
});

export const conv2d = (lowering: Lowering, step: Extract<Step, { kind: 'conv2d' }>): void => {
  const g = problemOf(lowering, step);
  withEpilogue(lowering, step.out, step.epilogue, (target, dtype, epilogue) => {
    const bindings = lowering.bindings();
    const out = bindings.name(target, dtype, true);
    const [x, filter] = [step.x, step.filter].map((value) => bindings.name({ value }, 'f32'));
    const finish = finisher(lowering, bindings, out, lowering.shapeOf(step.out), epilogue);
    multiply(lowering, bindings, {
      rows: g.n * g.oh * g.ow,
      columns: g.perGroup,
      count: g.groups,
      ...(g.ci < shallow ? wholeWindows(g, bindings, x) : windowsByTap(g, bindings, x)),
      b: {
        along: 'depth',
        prepare: (j, s) =>
          `let at${s} = (z * ${u(g.perGroup)} + ${j}) * ${u(g.kh * g.kw * g.ci)}${g.ci < shallow ? '' : ` + s * ${u(g.ci)}`};`,
        load: (k, s) => bindings.read(filter, `at${s} + ${k}`),
      },
      store: (row, column, value) => finish(`${row} * ${u(g.out)} + z * ${u(g.perGroup)} + ${column}`, value),
    });
  });
};

export const conv2dInput = (lowering: Lowering, step: Extract<Step, { kind: 'conv2dInput' }>): void => {
  const g = problemOf(lowering, step);
  withEpilogue(lowering, step.out, step.epilogue, (target, dtype, epilogue) => {
    const bindings = lowering.bindings();
    const out = bindings.name(target, dtype, true);
    const [dy, filter] = [step.dy, step.filter].map((value) => bindings.name({ value }, 'f32'));
    const finish = finisher(lowering, bindings, out, lowering.shapeOf(step.out), epilogue);
    const { rows, count, segments, problem, range, pixel, tap, source } = parities(g);
    multiply(lowering, bindings, {
      rows,
      count,
      segments,
      problem,
      range,
      columns: g.ci,
      depth: g.perGroup,
      a: { along: 'depth', prepare: source, load: guarded(bindings, dy) },
      b: {
        along: 'line',
        prepare: (j, s) => `let at${s} = (group * ${u(g.perGroup * g.kh * g.kw)} + ${tap}) * ${u(g.ci)} + ${j};`,
        load: (k, s) => bindings.read(filter, `at${s} + ${k} * ${u(g.kh * g.kw * g.ci)}`),
      },
      store: (row, column, value) => `${pixel(row, '')}
if (y < ${u(g.h)} && x < ${u(g.w)}) {
${finish(`((image * ${u(g.h)} + y) * ${u(g.w)} + x) * ${u(g.c)} + group * ${u(g.ci)} + ${column}`, value)}
}`,
    });
  });
};

/** Parts of the sum over all output lines: enough to keep a device busy, the same on every one. */
const splitsOf = (lines: number, results: number): number =>
  Math.max(1, Math.min(lines, Math.ceil(65536 / results), 64));

export const conv2dFilter = (lowering: Lowering, step: Extract<Step, { kind: 'conv2dFilter' }>): void => {
  const g = problemOf(lowering, step);
  const lines = g.n * g.oh;
  const size = g.perGroup * g.kh * g.kw * g.ci;
  const splits = splitsOf(lines, size * g.groups);
  const each = Math.ceil(lines / splits);
  const target = splits === 1 && !step.epilogue ? { value: step.out } : lowering.temporary(splits * size * g.groups);
  const bindings = lowering.bindings();
  const out = bindings.name(target, 'f32', true);
  const [x, dy] = [step.x, step.dy].map((value) => bindings.name({ value }, 'f32'));
  multiply(lowering, bindings, {
    rows: g.perGroup,
    columns: g.kh * g.kw * g.ci,
    segments: lines,
    depth: g.ow,
    count: g.groups * splits,
    problem: `let group = z % ${u(g.groups)}; let split = z / ${u(g.groups)};`,
    range: `let first = split * ${u(each)}; let end = min(first + ${u(each)}, ${u(lines)});`,
    a: {
      along: 'line',
      prepare: (i, s) => `let at${s} = s * ${u(g.ow * g.out)} + group * ${u(g.perGroup)} + ${i};`,
      load: (k, s) => bindings.read(dy, `at${s} + ${k} * ${u(g.out)}`),
    },
    b: {
      along: 'line',
      prepare: (j, s) => `let tap${s} = ${j} / ${u(g.ci)};
let y${s} = (s % ${u(g.oh)}) * ${u(g.sh)} + tap${s} / ${u(g.kw)} - ${u(g.pt)};
let x${s} = tap${s} % ${u(g.kw)} - ${u(g.pl)};
let line${s} = ((s / ${u(g.oh)}) * ${u(g.h)} + y${s}) * ${u(g.w)};
let c${s} = group * ${u(g.ci)} + ${j} % ${u(g.ci)};`,
      load: (k, s) => {
        const px = `(x${s} + ${k} * ${u(g.sw)})`;
        const inside = `((y${s} < ${u(g.h)}) & (${px} < ${u(g.w)}))`;
        const at = `select(0u, (line${s} + ${px}) * ${u(g.c)} + c${s}, ${inside})`;
        return `select(0.0, ${bindings.read(x, at)}, ${inside})`;
      },
    },
    store: (row, column, value) =>
      bindings.write(
        out,
        `split * ${u(size * g.groups)} + (group * ${u(g.perGroup)} + ${row}) * ${u(g.kh * g.kw * g.ci)} + ${column}`,
        value,
      ),
  });
  if ('value' in target) return;
  if (step.epilogue) throw new Error('a filter gradient has no epilogue');
  const parts: Expression = {
    loads: [{ value: noValue, offset: 0, strides: [size * g.groups, 1] }],
    code: [{ kind: 'load', load: 0, dtype: 'f32' }],
  };
  reduce(lowering, [splits, size * g.groups], [0], 'sum', parts, { value: step.out }, 'f32', [target]);
};

export const matmul = (lowering: Lowering, step: Extract<Step, { kind: 'matmul' }>): void => {
  const { batch, m, n, k, transposeA, transposeB } = step;
  withEpilogue(lowering, step.out, step.epilogue, (target, dtype, epilogue) => {
    const bindings = lowering.bindings();
    const out = bindings.name(target, dtype, true);
    const [a, b] = [step.a, step.b].map((value: ValueId) => bindings.name({ value }, 'f32'));
    const finish = finisher(lowering, bindings, out, lowering.shapeOf(step.out), epilogue);
    multiply(lowering, bindings, {
      rows: m,
      columns: n,
      segments: 1,
      depth: k,
      count: batch,
      a: {
        along: transposeA ? 'line' : 'depth',
        prepare: (i, s) => `let at${s} = z * ${u(m * k)} + ${i}${transposeA ? '' : ` * ${u(k)}`};`,
        load: (at, s) => bindings.read(a, `at${s} + ${at}${transposeA ? ` * ${u(m)}` : ''}`),
      },
      b: {
        along: transposeB ? 'depth' : 'line',
        prepare: (j, s) => `let at${s} = z * ${u(n * k)} + ${j}${transposeB ? ` * ${u(k)}` : ''};`,
        load: (at, s) => bindings.read(b, `at${s} + ${at}${transposeB ? '' : ` * ${u(n)}`}`),
      },
      store: (row, column, value) => finish(`z * ${u(m * n)} + ${row} * ${u(n)} + ${column}`, value),
    });
  });
};
