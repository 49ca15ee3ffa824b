/** Whether what a device gives for a program is right, by the bounds of the reference. */
import type { Device, HostArray } from '../../packages/tensor/src/index.ts';
import { type Bounded, evaluateBounds } from './bounds.ts';
import type { Program } from './program.ts';
import { runProgram, traceProgram } from './run.ts';
import { truthOf } from './truth.ts';

export type Verdict =
  | { readonly kind: 'right'; readonly compared: number; readonly free: number }
  /** The program cannot be built: its own fault. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'wrong'; readonly reason: string };

/** What is said of the first element that lies too far. */
export const disagreement = (actual: HostArray, { data, apart }: Bounded, slack: number): string | undefined => {
  if (actual.length !== data.length) return `${actual.length} elements, expected ${data.length}`;
  if (actual.constructor !== data.constructor) return `${actual.constructor.name}, expected ${data.constructor.name}`;
  for (let i = 0; i < data.length; i++) {
    const [a, e, d] = [actual[i], data[i], apart[i]];
    if (a === e || Object.is(a, e) || !(d < Infinity)) continue;
    if (Math.abs(a - e) <= slack * d) continue;
    return `element ${i} of ${data.length}: ${a}, expected ${e} (at most ${d === 0 ? 0 : (slack * d).toPrecision(2)} away)`;
  }
  return undefined;
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Runs the program on the device, and compares every result of every call. */
export const judge = async (device: Device, program: Program): Promise<Verdict> => {
  const expected: (readonly Bounded[])[] = [];
  try {
    for (let call = 0; call < program.run.calls; call++) {
      const { graph, args } = traceProgram(program, call);
      const arithmetic = { flushes: device.name === 'webgpu' };
      expected.push(
        program.truth
          ? [truthOf(program.truth, args[0], graph.parameters[0].shape, arithmetic)]
          : evaluateBounds(graph, args, arithmetic),
      );
    }
  } catch (error) {
    return { kind: 'invalid', reason: messageOf(error) };
  }
  let compared = 0;
  let free = 0;
  try {
    const { calls, changed } = await runProgram(device, program);
    if (changed.length > 0) return { kind: 'wrong', reason: `changed: ${changed.join(', ')}` };
    for (const [call, results] of calls.entries()) {
      for (const [i, bounded] of expected[call].entries()) {
        const said = disagreement(results[i], bounded, device.name === 'reference' && !program.truth ? 0 : 1.1);
        if (said !== undefined) return { kind: 'wrong', reason: `call ${call}, result ${i}, ${said}` };
        compared += bounded.data.length;
        for (const d of bounded.apart) if (d === Infinity) free++;
      }
    }
  } catch (error) {
    return { kind: 'wrong', reason: messageOf(error) };
  }
  return { kind: 'right', compared, free };
};
