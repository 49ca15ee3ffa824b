/**
 * Runs a planned program in plain TypeScript, on one block of scratch memory, so that the planner can be tested by itself:
 * a value overwritten too early, a wrong stride or a wrong fusion gives wrong numbers here.
 */
import type { Buffer, Device, Executable, Run } from '../device.ts';
import type { Op } from '../op.ts';
import { planGraph } from '../plan/plan.ts';
import { type Expression, type Instruction, operandsOf, type Program, type Step, type View } from '../plan/program.ts';
import { kernels, type Operand } from '../reference/kernels.ts';
import { allocate, type DType, type HostArray, type Shape, sizeOf } from '../shape.ts';

const views = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

type Runtime = { readonly program: Program; readonly array: (value: number) => HostArray };

const at = (view: View, position: readonly number[]): number =>
  position.reduce((sum, p, a) => sum + p * view.strides[a], view.offset);

const positions = function* (shape: Shape): Generator<number[]> {
  const position = new Array<number>(shape.length).fill(0);
  for (let i = sizeOf(shape); i > 0; i--) {
    yield position;
    for (let a = shape.length - 1; a >= 0; a--) {
      if (++position[a] < shape[a]) break;
      position[a] = 0;
    }
  }
};

const one = (dtype: DType, value: number): Operand => {
  const data = allocate(dtype, 1);
  data[0] = value;
  return { data, shape: [1] };
};

const line = (
  instruction: Instruction,
  { loads }: Expression,
  code: readonly Instruction[],
  values: readonly number[],
  position: readonly number[],
  accumulator: number,
  { array }: Runtime,
): number => {
  switch (instruction.kind) {
    case 'load': {
      const view = loads[instruction.load];
      return array(view.value)[at(view, position)];
    }
    case 'literal':
      return instruction.value;
    case 'position':
      return position[instruction.axis] * instruction.scale + instruction.start;
    case 'accumulator':
      return accumulator;
    default: {
      const operands =
        instruction.kind === 'select'
          ? [instruction.c, instruction.a, instruction.b]
          : 'b' in instruction
            ? [instruction.a, instruction.b]
            : [instruction.a];
      const run = kernels[instruction.kind] as (op: Op, r: object, ...x: Operand[]) => HostArray;
      const inputs = operands.map((o) => one(code[o].dtype, values[o]));
      return run({ kind: instruction.kind } as Op, { shape: [1], dtype: instruction.dtype }, ...inputs)[0];
    }
  }
};

const evaluate = (e: Expression, position: readonly number[], runtime: Runtime, accumulator = 0): number => {
  const values: number[] = [];
  for (const instruction of e.code) {
    const value = line(instruction, e, e.code, values, position, accumulator, runtime);
    values.push(instruction.dtype === 'f32' ? Math.fround(value) : value);
  }
  return values[values.length - 1];
};

const fold = (step: Extract<Step, { kind: 'reduce' }>, runtime: Runtime): void => {
  const out = runtime.array(step.out);
  const sums = new Float64Array(out.length).fill(step.fold === 'sum' ? 0 : Number.NEGATIVE_INFINITY);
  const kept = step.shape.map((_, a) => a).filter((a) => !step.axes.includes(a));
  for (const position of positions(step.shape)) {
    const o = kept.reduce((sum, a) => sum * step.shape[a] + position[a], 0);
    const value = evaluate(step.expression, position, runtime);
    sums[o] = step.fold === 'sum' ? sums[o] + value : Math.max(sums[o], value);
  }
  out.set(sums);
};

/** Any other step is an operation of the reference device, then its epilogue. */
const operation = (step: Exclude<Step, { kind: 'map' | 'reduce' }>, runtime: Runtime): void => {
  const { values } = runtime.program;
  const operand = (value: number): Operand => ({ data: runtime.array(value), shape: values[value].shape });
  let inputs = operandsOf(step).map(operand);
  let shape = values[step.out].shape;
  let op = step as unknown as Op;
  if (step.kind === 'gather' || step.kind === 'scatterAdd') {
    const [from, to] = step.kind === 'gather' ? [step.size, step.count] : [step.count, step.size];
    inputs = [{ data: inputs[0].data, shape: [step.outer, from, step.inner] }, inputs[1]];
    shape = [step.outer, to, step.inner];
    op = step.kind === 'gather' ? { kind: 'gather', axis: 1 } : { kind: 'scatterAdd', axis: 1, size: step.size };
  }
  const run = kernels[step.kind] as (op: Op, r: object, ...x: Operand[]) => HostArray;
  const out = runtime.array(step.out);
  const result = run(op, { shape, dtype: values[step.out].dtype }, ...inputs);
  const epilogue = 'epilogue' in step ? step.epilogue : undefined;
  let i = 0;
  for (const position of positions(shape)) {
    out[i] = epilogue ? evaluate(epilogue, position, runtime, result[i]) : result[i];
    i++;
  }
};

const run = (step: Step, runtime: Runtime): void => {
  if (step.kind === 'map') {
    const out = runtime.array(step.out.value);
    for (const position of positions(step.shape)) {
      out[at(step.out, position)] = evaluate(step.expression, position, runtime);
    }
  } else if (step.kind === 'reduce') fold(step, runtime);
  else operation(step, runtime);
};

const handle = (x: Buffer | HostArray): HostArray => (ArrayBuffer.isView(x) ? x : (x.handle as HostArray));

const execute = (program: Program, args: readonly (Buffer | HostArray)[]): Run => {
  // NaN everywhere: what is read before it is written shows.
  const scratch = new Uint32Array(program.scratch / 4).fill(0x7fc00000).buffer;
  const results = program.results.map((id) => {
    const { dtype, shape, place } = program.values[id];
    if (place.kind !== 'result') throw new Error('a result has a place of its own');
    const taken = place.reuses === undefined ? undefined : handle(args[place.reuses]);
    return { dtype, shape, handle: taken ?? allocate(dtype, sizeOf(shape)) };
  });
  const array = (id: number): HostArray => {
    const { place, dtype, shape } = program.values[id];
    switch (place.kind) {
      case 'argument':
        return handle(args[place.index]);
      case 'constant':
        return place.data;
      case 'stored':
        return place.stored.buffer.handle as HostArray;
      case 'scratch':
        return new views[dtype](scratch, place.offset, sizeOf(shape));
      case 'result':
        return results[place.index].handle as HostArray;
    }
  };
  let [next, stage] = [0, 0];
  const advance = (): boolean => {
    if (stage === program.stages.length) return false;
    for (const end = program.stages[stage++]; next < end; next++) run(program.steps[next], { program, array });
    return true;
  };
  return { results, advance };
};

export const openInterpreter = (): Device => ({
  name: 'reference',
  description: 'planned programs in plain TypeScript',
  compile: async (graph, options): Promise<Executable> => {
    const program = planGraph(graph, options);
    return {
      start: (args) => {
        const own = args.map((a) => (ArrayBuffer.isView(a) ? a.slice() : a));
        return execute(program, own);
      },
      close: () => {},
    };
  },
  upload: (data, shape) => ({
    shape,
    dtype: data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'u32',
    handle: data.slice(),
  }),
  read: async (buffer) => handle(buffer).slice(),
  free: () => {},
  close: async () => {},
});
