/** NumPy and PyTorch, where `python3` has them: judges of the reference itself. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostArray } from '../../packages/tensor/src/index.ts';
import { evaluateBounds } from './bounds.ts';
import type { Verdict } from './judge.ts';
import { cotangentData, dataOf, type Program, type Statement } from './program.ts';
import { traceProgram } from './run.ts';

const script = fileURLToPath(new URL('./python/judge.py', import.meta.url));

/** A Python that has NumPy, and PyTorch if there is one: Debian's is not always the first on the path. */
export const findPython = (): { readonly command?: string; readonly torch: boolean; readonly reason: string } => {
  const has = (command: string, modules: string): boolean =>
    spawnSync(command, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0;
  const commands = ['python3', '/usr/bin/python3'];
  const both = commands.find((command) => has(command, 'numpy, torch'));
  if (both) return { command: both, torch: true, reason: '' };
  const command = commands.find((c) => has(c, 'numpy'));
  const advice = '(Debian: apt install python3-numpy python3-torch)';
  return command
    ? { command, torch: false, reason: `${command} has no PyTorch: gradients are not compared with it ${advice}` }
    : { torch: false, reason: `no python3 here has NumPy: the reference is not compared with it ${advice}` };
};

type Wire = { readonly shape: readonly number[]; readonly dtype: string; readonly data: string };
const wired = (data: HostArray, shape: readonly number[]): Wire => ({
  shape,
  dtype: data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'u32',
  data: Buffer.from(Float64Array.from(data).buffer).toString('base64'),
});

/** Numbers that JSON does not have are records. */
const plainNumber = (x: number): unknown =>
  Number.isFinite(x) && !Object.is(x, -0) ? x : { number: Object.is(x, -0) ? '-0' : String(x) };
const plain = (x: unknown): unknown => {
  if (typeof x === 'number') return plainNumber(x);
  if (Array.isArray(x)) return x.map(plain);
  if (typeof x === 'object' && x !== null) return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]));
  return x;
};

const constantsOf = (statements: readonly Statement[], prefix: string): [string, Wire][] =>
  statements.flatMap((s, i): [string, Wire][] => {
    if (s.kind === 'block') return constantsOf(s.body.statements, `${prefix}${i}.`);
    return s.kind === 'source' && s.role === 'constant'
      ? [[`${prefix}${i}`, wired(dataOf(s.shape, s.dtype, s.fill), s.shape)]]
      : [];
  });

const requestFor = (program: Program, shapes: readonly (readonly number[])[]): string => {
  const data = program.statements.flatMap((s, i) =>
    s.kind === 'source' && s.role !== 'constant' ? [[i, wired(dataOf(s.shape, s.dtype, s.fill), s.shape)]] : [],
  );
  return JSON.stringify({
    program: plain({ ...program, run: undefined, device: undefined }),
    data: Object.fromEntries(data),
    constants: Object.fromEntries(constantsOf(program.statements, '')),
    cotangents: shapes.map((shape, i) => wired(cotangentData(shape, i), shape)),
  });
};

type Reply = {
  readonly results?: readonly { readonly data: string }[];
  readonly skip?: string;
  readonly error?: string;
};

export type PythonJudge = {
  readonly judge: (program: Program) => Promise<Verdict | { readonly kind: 'skipped'; readonly reason: string }>;
  readonly close: () => void;
};

export const openPython = (command: string): PythonJudge => {
  let child: ChildProcess | undefined;
  let answer: ((reply: Reply) => void) | undefined;
  const begin = (): ChildProcess => {
    const made = spawn(command, [script], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
    });
    createInterface({ input: made.stdout }).on('line', (line) => answer?.(JSON.parse(line) as Reply));
    made.on('exit', () => {
      child = undefined;
      answer?.({ error: 'python ended' });
    });
    return made;
  };
  const ask = (request: string): Promise<Reply> =>
    new Promise((resolve) => {
      child ??= begin();
      answer = (reply) => {
        answer = undefined;
        resolve(reply);
      };
      child.stdin?.write(`${request}\n`);
    });

  const judge: PythonJudge['judge'] = async (program) => {
    let expected: ReturnType<typeof evaluateBounds>;
    let request: string;
    try {
      const { graph, args } = traceProgram(program, 0);
      expected = evaluateBounds(graph, args, { flushes: false });
      const shapes = cotangentShapes(program);
      request = requestFor(program, shapes);
    } catch (error) {
      return { kind: 'invalid', reason: String(error) };
    }
    const reply = await ask(request);
    if (reply.skip !== undefined) return { kind: 'skipped', reason: reply.skip };
    if (reply.results === undefined) return { kind: 'wrong', reason: `python: ${reply.error}` };
    let [compared, free] = [0, 0];
    for (const [i, bounded] of expected.entries()) {
      const bytes = Buffer.from(reply.results[i].data, 'base64');
      const found = new Float64Array(new Uint8Array(bytes).buffer);
      if (found.length !== bounded.data.length)
        return { kind: 'wrong', reason: `result ${i}: ${bounded.data.length} elements, python has ${found.length}` };
      for (let k = 0; k < found.length; k++) {
        const [a, e, d] = [bounded.data[k], found[k], bounded.apart[k]];
        compared++;
        if (!(d < Infinity)) free++;
        else if (!(a === e || Object.is(a, e) || Math.abs(a - e) <= 1.1 * d + 1e-7 * Math.abs(e) + 2 ** -148)) {
          return {
            kind: 'wrong',
            reason: `result ${i}, element ${k} of ${found.length}: ${a} on reference, ${e} in python (at most ${d.toPrecision(2)} away)`,
          };
        }
      }
    }
    return { kind: 'right', compared, free };
  };
  return { judge, close: () => child?.kill('SIGKILL') };
};

const cotangentShapes = (program: Program): readonly (readonly number[])[] => {
  if (program.gradient === undefined) return [];
  if (program.gradient.form === 'twice')
    return program.gradient.by.map((p) => (program.statements[p] as Statement & { kind: 'source' }).shape);
  const { gradient: _, ...values } = program;
  const { graph } = traceProgram(values, 0);
  return graph.outputs
    .map((id) => graph.nodes[id])
    .filter((n) => n.dtype === 'f32')
    .map((n) => n.shape);
};
