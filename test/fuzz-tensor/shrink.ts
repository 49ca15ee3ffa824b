/** From a program that fails to a small one that fails in the same way. */
import type { DType, Shape } from '../../packages/tensor/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import { type Arg, buildValues, type Fill, type Program, type Statement, staticsOf } from './program.ts';

type Source = Statement & { readonly kind: 'source' };

/** The places that a statement reads. */
const mapRefs = (arg: Arg, f: (place: number) => number): Arg => {
  if (typeof arg !== 'object') return arg;
  if (Array.isArray(arg)) return arg.map((a) => mapRefs(a, f));
  if ('ref' in arg) return { ref: f(arg.ref as number) };
  if ('fixed' in arg) return arg;
  const { options } = arg as { readonly options: { readonly [name: string]: Arg } };
  return { options: Object.fromEntries(Object.entries(options).map(([k, v]) => [k, mapRefs(v, f)])) };
};

const mapStatement = (s: Statement, f: (place: number) => number): Statement => {
  if (s.kind === 'call') return { ...s, args: s.args.map((list) => list.map((a) => mapRefs(a, f))) };
  return s.kind === 'block' ? { ...s, of: s.of.map(f) } : s;
};

const readsOf = (s: Statement): number[] => {
  const found: number[] = [];
  mapStatement(s, (place) => {
    found.push(place);
    return place;
  });
  return found;
};

type Renamed = { readonly statements: readonly Statement[]; readonly at: (place: number) => number | undefined };

/** Without the statements that none of `roots` needs. */
const pruned = (statements: readonly Statement[], roots: readonly number[]): Renamed => {
  const needed = new Set(roots);
  for (let i = statements.length - 1; i >= 0; i--)
    if (needed.has(i)) for (const r of readsOf(statements[i])) needed.add(r);
  const places = new Map([...needed].sort((a, b) => a - b).map((place, i) => [place, i]));
  return {
    statements: statements.flatMap((s, i) => (needed.has(i) ? [mapStatement(s, (p) => places.get(p)!)] : [])),
    at: (place) => places.get(place),
  };
};

/** The program without what it does not need. */
export const tidy = (program: Program): Program => {
  const { statements, at } = pruned(program.statements, program.outputs);
  const rename = (places: readonly number[]): number[] => places.flatMap((p) => at(p) ?? []);
  const by = program.gradient && rename(program.gradient.by);
  const { gradient, ...rest } = program;
  const tidied: Program = {
    ...rest,
    statements,
    outputs: rename(program.outputs),
    ...(gradient && by && by.length > 0 && { gradient: { ...gradient, by } }),
    run: { ...program.run, donate: rename(program.run.donate), host: rename(program.run.host) },
  };
  const bodies = tidied.statements.map((s): Statement => {
    if (s.kind !== 'block') return s;
    const inner = pruned(s.body.statements, [
      s.body.result,
      ...s.body.statements.flatMap((t, i) => (t.kind === 'parameter' ? [i] : [])),
    ]);
    return { ...s, body: { statements: inner.statements, result: inner.at(s.body.result)! } };
  });
  return { ...tidied, statements: bodies };
};

const withStatement = (program: Program, place: number, s: Statement): Program => ({
  ...program,
  statements: program.statements.map((old, i) => (i === place ? s : old)),
});
const withRun = (program: Program, run: Partial<Program['run']>): Program => ({
  ...program,
  run: { ...program.run, ...run },
});

type Step = (program: Program) => readonly Program[];

const simplerRuns: Step = (program) => {
  const { run, device } = program;
  const candidates: (Program | false)[] = [
    run.calls > 1 && withRun(program, { calls: 1 }),
    run.calls > 2 && withRun(program, { calls: 2 }),
    run.warm && withRun(program, { warm: false }),
    run.behind && withRun(program, { behind: false }),
    run.fresh && withRun(program, { fresh: false }),
    run.form !== 'read' && withRun(program, { form: 'read', donate: [], hand: 'tensor' }),
    run.form === 'stages' && withRun(program, { form: 'jit' }),
    run.hand !== 'fetch' && run.form !== 'read' && withRun(program, { hand: 'fetch' }),
    run.donate.length > 0 && withRun(program, { donate: [] }),
    ...run.donate.map((p) => run.donate.length > 1 && withRun(program, { donate: run.donate.filter((q) => q !== p) })),
    run.host.length > 0 && withRun(program, { host: [] }),
    device.threads > 1 && { ...program, device: { ...device, threads: 1 } },
    device.threads > 2 && { ...program, device: { ...device, threads: 2 } },
    program.gradient !== undefined && (({ gradient: _, ...rest }) => rest)(program),
  ];
  const { gradient } = program;
  if (gradient) {
    for (const form of ['grad', 'vjp'] as const) {
      if (gradient.form !== form && gradient.form !== 'grad')
        candidates.push({ ...program, gradient: { ...gradient, form } });
    }
    if (gradient.by.length > 1)
      for (const p of gradient.by) candidates.push({ ...program, gradient: { ...gradient, by: [p] } });
  }
  return candidates.filter((c) => c !== false);
};

const fewerOutputs: Step = (program) => [
  ...(program.outputs.length > 1 ? program.outputs.map((o) => ({ ...program, outputs: [o] })) : []),
  ...(program.outputs.length > 2
    ? program.outputs.map((_, i) => ({ ...program, outputs: program.outputs.filter((_, j) => j !== i) }))
    : []),
  ...program.statements.flatMap((s, i) =>
    s.kind !== 'source' && !program.outputs.includes(i) ? [{ ...program, outputs: [i] }] : [],
  ),
];

const shapesOf = (program: Program): readonly T.Tensor[] =>
  buildValues(program.statements, {
    source: (place, s) => T.input(place, s.shape, s.dtype),
    statics: staticsOf(program, 0),
  });

const sourceLike = (shape: Shape, dtype: DType, seed: number): Source => ({
  kind: 'source',
  role: 'constant',
  shape,
  dtype,
  fill: { kind: dtype === 'f32' ? 'eighths' : 'few', seed },
});

/** A statement gives way to a source of its shape, or to an operand of it. */
const cutStatements: Step = (program) => {
  const values = shapesOf(program);
  return program.statements.flatMap((s, i) => {
    if (s.kind === 'source') return [];
    const { shape, dtype } = values[i];
    const roles: Program[] = (['constant', 'argument', 'captured'] as const).map((role) =>
      withStatement(program, i, { ...sourceLike(shape, dtype, i + 1), role }),
    );
    const operands = readsOf(s).filter((r) => T.sameShape(values[r].shape, shape) && values[r].dtype === dtype);
    const passed = operands.map(
      (r): Program => ({
        ...program,
        outputs: program.outputs.map((o) => (o === i ? r : o)),
        statements: program.statements.map((t, j) => (j > i ? mapStatement(t, (p) => (p === i ? r : p)) : t)),
      }),
    );
    return [...passed, ...roles];
  });
};

/** The statements of a block in its place. */
const openBlocks: Step = (program) =>
  program.statements.flatMap((s, i) => {
    if (s.kind !== 'block') return [];
    const { body, of } = s;
    const inner: Statement[] = [];
    const places = body.statements.map((t) => {
      if (t.kind === 'parameter') return of[t.index];
      inner.push(t);
      return i + inner.length - 1;
    });
    const opened = inner.map((t) => mapStatement(t, (p) => places[p]));
    const shift = opened.length - 1;
    const move = (p: number): number => (p < i ? p : p === i ? places[body.result] : p + shift);
    const whole: Program = {
      ...program,
      statements: [
        ...program.statements.slice(0, i),
        ...opened,
        ...program.statements.slice(i + 1).map((t) => mapStatement(t, move)),
      ],
      outputs: program.outputs.map(move),
      ...(program.gradient && { gradient: { ...program.gradient, by: program.gradient.by.map(move) } }),
      run: { ...program.run, donate: program.run.donate.map(move), host: program.run.host.map(move) },
    };
    const fewer = [1, 2, 3, s.times >> 1, s.times - (s.times >> 3), s.times - 1].filter((n) => n >= 1 && n < s.times);
    return [whole, ...[...new Set(fewer)].map((times) => withStatement(program, i, { ...s, times }))];
  });

const mapNumbers = (arg: Arg, f: (n: number) => number): Arg => {
  if (typeof arg === 'number') return f(arg);
  if (typeof arg !== 'object' || 'ref' in arg || 'fixed' in arg) return arg;
  if (Array.isArray(arg)) return arg.map((a) => mapNumbers(a, f));
  const { options } = arg as { readonly options: { readonly [name: string]: Arg } };
  return { options: Object.fromEntries(Object.entries(options).map(([k, v]) => [k, mapNumbers(v, f)])) };
};

const mapSizes = (s: Statement, f: (n: number) => number): Statement => {
  if (s.kind === 'source') return { ...s, shape: s.shape.map(f) };
  if (s.kind === 'call') return { ...s, args: s.args.map((list) => list.map((a) => mapNumbers(a, f))) };
  return s.kind === 'block'
    ? { ...s, body: { ...s.body, statements: s.body.statements.map((t) => mapSizes(t, f)) } }
    : s;
};

/** Every occurrence of a length becomes a smaller one; or that of one source. */
const smallerSizes: Step = (program) => {
  const lengths = new Set(program.statements.flatMap((s) => (s.kind === 'source' ? s.shape : [])));
  return [...lengths]
    .sort((a, b) => b - a)
    .filter((n) => n > 1)
    .flatMap((n) => {
      const smaller = [...new Set([1, 2, 3, 5, n >> 1, n - (n >> 2), n - 1])].filter((m) => m >= 1 && m < n);
      const everywhere = smaller.map(
        (m): Program => ({
          ...program,
          statements: program.statements.map((s) => mapSizes(s, (k) => (k === n ? m : k))),
        }),
      );
      const once = program.statements.flatMap((s, i) =>
        s.kind !== 'source'
          ? []
          : s.shape.flatMap((d, a) =>
              d !== n ? [] : [1, n >> 1].map((m) => withStatement(program, i, { ...s, shape: s.shape.with(a, m) })),
            ),
      );
      return [...everywhere, ...once];
    });
};

/** Options left out, numbers nearer to 0 or 1. */
const plainerCalls: Step = (program) =>
  program.statements.flatMap((s, i) => {
    if (s.kind !== 'call') return [];
    const without = s.args.flatMap((list, p) =>
      list.flatMap((arg, q) => {
        if (typeof arg !== 'object' || Array.isArray(arg) || !('options' in arg)) return [];
        const { options } = arg as { readonly options: { readonly [name: string]: Arg } };
        return Object.keys(options).map((name) => {
          const { [name]: _, ...others } = options;
          return withStatement(program, i, { ...s, args: s.args.with(p, list.with(q, { options: others })) });
        });
      }),
    );
    const numbers = new Set<number>();
    const note = (n: number): number => {
      numbers.add(n);
      return n;
    };
    for (const list of s.args) for (const a of list) mapNumbers(a, note);
    const smaller = [...numbers].flatMap((n) =>
      (Number.isInteger(n) ? [0, 1, n - 1] : [1])
        .filter((m) => m >= 0 && Math.abs(m) < Math.abs(n))
        .map((m) =>
          withStatement(
            program,
            i,
            mapSizes(s, (k) => (k === n ? m : k)),
          ),
        ),
    );
    const fixed = s.args.flatMap((list, p) =>
      list.flatMap((arg, q) =>
        typeof arg === 'object' && 'fixed' in arg
          ? [
              withStatement(program, i, {
                ...s,
                args: s.args.with(p, list.with(q, program.statics[0][arg.fixed as number] as number)),
              }),
            ]
          : [],
      ),
    );
    return [...without, ...fixed, ...smaller];
  });

const plainerSources: Step = (program) =>
  program.statements.flatMap((s, i) => {
    if (s.kind !== 'source') return [];
    const kinds: Fill[] = [
      { kind: 'ones', seed: 1 },
      { kind: 'count', seed: 1 },
      { kind: 'zeros', seed: 1 },
      { kind: 'few', seed: 1 },
    ];
    const at = kinds.findIndex((k) => k.kind === s.fill.kind);
    const fills = s.fill.kind === 'index' ? [] : kinds.slice(0, at < 0 ? kinds.length : at);
    return [
      ...(s.role !== 'constant' ? [withStatement(program, i, { ...s, role: 'constant' })] : []),
      ...fills.map((fill) => withStatement(program, i, { ...s, fill })),
    ];
  });

const steps: readonly Step[] = [
  fewerOutputs,
  simplerRuns,
  cutStatements,
  openBlocks,
  smallerSizes,
  plainerCalls,
  plainerSources,
];

/** For a program whose output is judged as one function of its source. */
const plainSteps: readonly Step[] = [simplerRuns, smallerSizes];

/** Tries until nothing smaller fails, or for `seconds`. */
export const shrink = async (
  program: Program,
  fails: (p: Program) => Promise<boolean>,
  seconds: number,
): Promise<Program> => {
  const end = performance.now() + seconds * 1000;
  let best = tidy(program);
  if (!(await fails(best))) best = program;
  const seen = new Set<string>();
  for (let again = true; again && performance.now() < end; ) {
    again = false;
    for (const step of program.truth ? plainSteps : steps) {
      for (let progress = true; progress && performance.now() < end; ) {
        progress = false;
        let candidates: readonly Program[] = [];
        try {
          candidates = step(best);
        } catch {
          // A program that cannot even be built has no steps by shape.
        }
        for (const raw of candidates) {
          if (performance.now() > end) break;
          let candidate: Program;
          try {
            candidate = tidy(raw);
          } catch {
            continue;
          }
          const name = JSON.stringify(candidate);
          if (seen.has(name)) continue;
          seen.add(name);
          if (await fails(candidate)) {
            best = candidate;
            progress = again = true;
            break;
          }
        }
      }
    }
  }
  return best;
};
