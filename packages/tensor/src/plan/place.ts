/**
 * The order of the steps, and from it how long every value lives and where it lies: in an argument, a result or scratch.
 */
import type { DType, Shape } from '../shape.ts';
import { pack } from './memory.ts';
import { outOf, type Place, type Program, readsOf, type Step, type ValueId, valuesOf } from './program.ts';
import { schedule } from './schedule.ts';

/** One piece of memory; several values may be shapes of it. */
export type Memory = { readonly bytes: number; place: Place | undefined };
export type Unplaced = { readonly shape: Shape; readonly dtype: DType; readonly memory: Memory };

/** Numbers of the steps that use a memory first and last. */
type Life = { first: number; last: number };
type Lives = ReadonlyMap<Memory, Life>;

const inOrder = (
  values: readonly Unplaced[],
  steps: readonly Step[],
  results: readonly ValueId[],
  donated: readonly number[],
): readonly Step[] => {
  const memories = [...new Set(values.map(({ memory }) => memory))];
  const numbers = new Map(memories.map((memory, i) => [memory, i]));
  const numberOf = (id: ValueId): number => numbers.get(values[id].memory)!;
  const isResult = new Set(results.map(numberOf));
  const pieces = memories.map(({ bytes, place }, i) => ({
    bytes,
    ends: place === undefined ? !isResult.has(i) : place.kind === 'argument' && donated.includes(place.index),
    begins: place === undefined || place.kind === 'result',
  }));
  const tasks = steps.map((step) => ({ reads: readsOf(step).map(numberOf), write: numberOf(outOf(step)) }));
  return schedule(tasks, pieces).map((i) => steps[i]);
};

const livesOf = (values: readonly Unplaced[], steps: readonly Step[]): Lives => {
  const lives = new Map<Memory, Life>();
  steps.forEach((step, at) => {
    for (const id of valuesOf(step)) {
      const life = lives.get(values[id].memory);
      if (life) life.last = at;
      else lives.set(values[id].memory, { first: at, last: at });
    }
  });
  return lives;
};

/** Whether a step reads `from` only at the element that it writes. */
const inPlace = (values: readonly Unplaced[], step: Step, from: Memory, to: Memory): boolean =>
  step.kind === 'map' &&
  values[step.out.value].memory === to &&
  step.expression.loads.every(
    (load) =>
      values[load.value].memory !== from ||
      (load.offset === step.out.offset && load.strides.every((s, a) => s === step.out.strides[a])),
  );

/** A result takes over a donated argument of its size that is read for the last time no later than it is written. */
const donate = (
  values: readonly Unplaced[],
  steps: readonly Step[],
  lives: Lives,
  results: readonly ValueId[],
  donated: readonly number[],
): void => {
  const free = donated.flatMap((index) => {
    const found = values.find(({ memory }) => memory.place?.kind === 'argument' && memory.place.index === index);
    return found ? [{ index, memory: found.memory }] : [];
  });
  const allows = (from: Memory, to: Memory): boolean => {
    const last = lives.get(from)?.last ?? -1;
    const first = lives.get(to)?.first ?? Number.POSITIVE_INFINITY;
    return from.bytes === to.bytes && (last < first || (last === first && inPlace(values, steps[first], from, to)));
  };
  results.forEach((id, index) => {
    const { memory } = values[id];
    const at = free.findIndex((argument) => allows(argument.memory, memory));
    if (at < 0) return;
    memory.place = { kind: 'result', index, reuses: free[at].index };
    free.splice(at, 1);
  });
};

/** A stage ends with the last step that writes one of its results. */
const stageEnds = (
  values: readonly Unplaced[],
  steps: readonly Step[],
  results: readonly ValueId[],
  stages: readonly number[],
): number[] => {
  const written = new Map(steps.map((step, at) => [values[outOf(step)].memory, at + 1]));
  const ends = stages.map((count) =>
    results.slice(0, count).reduce((end, id) => Math.max(end, written.get(values[id].memory) ?? 0), 0),
  );
  return [...ends.slice(0, -1), steps.length];
};

/** Memory without a place becomes scratch, or that of a donated argument. */
export const place = (
  values: readonly Unplaced[],
  unordered: readonly Step[],
  results: readonly ValueId[],
  donated: readonly number[],
  stages: readonly number[],
): Omit<Program, 'scopes'> => {
  const steps = inOrder(values, unordered, results, donated);
  const lives = livesOf(values, steps);
  donate(values, steps, lives, results, donated);
  const memories = [...new Set(values.map(({ memory }) => memory))];
  const scratch = memories.filter((memory) => memory.place === undefined && lives.has(memory));
  const { offsets, size } = pack(scratch.map((memory) => ({ bytes: memory.bytes, ...lives.get(memory)! })));
  scratch.forEach((memory, i) => {
    memory.place = { kind: 'scratch', offset: offsets[i] };
  });
  return {
    values: values.map(({ shape, dtype, memory }) => ({
      shape,
      dtype,
      place: memory.place ?? { kind: 'scratch', offset: 0 },
    })),
    steps,
    results,
    stages: stageEnds(values, steps, results, stages),
    scratch: size,
  };
};
