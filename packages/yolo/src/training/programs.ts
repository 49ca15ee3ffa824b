/** The compiled functions for each size of the network's input, in as few parts as the memory asks for. */
import { resizedPlan } from '../darknet/plan.ts';
import type { HeadConfig } from '../loss/head.ts';
import { type Cut, emptyPart } from './batch-parts.ts';
import { headConfig } from './head-config.ts';
import { StepMemoryError, withAdvice } from './memory.ts';
import { compileProgram, type Program } from './program.ts';
import { keyOf, type Recipe, updateScalars } from './recipe.ts';
import { restOf, type TrainState } from './state.ts';

/** A compiled step with the size that it is for. */
export type SizedProgram = Program & {
  readonly recipe: Recipe;
  readonly width: number;
  readonly height: number;
  readonly heads: readonly HeadConfig[];
  /** The network is computed in so many parts, of which all but the last are computed again in the backward pass. */
  readonly parts: number;
};

type CutProgram = Pick<SizedProgram, 'width' | 'height' | 'heads'> & {
  readonly recipe: Pick<Recipe, 'plan' | 'maxTruths' | 'part' | 'loss'>;
};

/** How a batch of this size is cut into mini-batches. */
export const cutOf = ({ recipe, heads, width, height }: CutProgram): Cut => ({
  heads,
  width,
  height,
  maxTruths: recipe.maxTruths,
  images: recipe.part,
  channels: recipe.plan.input.c,
  compat: recipe.loss.compat,
});

/** The arguments of `accumulate` and `update` with a mini-batch of nothing: for their shapes. */
const argumentsOf = (program: SizedProgram, { model, sound }: TrainState) => {
  const { recipe } = program;
  const { x, targets } = emptyPart(cutOf(program));
  const key = keyOf(recipe, 0, 0);
  return {
    accumulate: [model.params, restOf(model), sound, x, targets, key] as const,
    update: [model, sound, x, targets, key, updateScalars(recipe, 1)] as const,
  };
};

/** Bytes of the device that a step takes beside weights and momentum. */
export const bytesOf = (program: SizedProgram, state: TrainState): number => {
  const { accumulates, team } = program.recipe;
  const given = argumentsOf(program, state);
  return Math.max(
    accumulates ? program.accumulate.bytes(...given.accumulate) : 0,
    team === undefined ? program.update.bytes(...given.update) : 0,
  );
};

/** Makes the plans of a step and takes their memory. */
export const prepareProgram = async (program: SizedProgram, state: TrainState): Promise<void> => {
  const { accumulates, team, plan, part } = program.recipe;
  const given = argumentsOf(program, state);
  if (accumulates) await withAdvice(plan.net, part, program.accumulate.prepare(...given.accumulate));
  if (team === undefined) await withAdvice(plan.net, part, program.update.prepare(...given.update));
};

const numbersOfParts = [1, 2, 3, 4, 6, 8, 12, 16, 24] as const;

/** Throws `InputSizeError` for a size that a layer does not take, `StepMemoryError` for one that takes more than `memory`. */
const compileFor = (recipe: Recipe, state: TrainState, width: number, height: number): SizedProgram => {
  const { plan, memory } = recipe;
  const sized = resizedPlan(plan, width, height);
  const heads = plan.heads.map((index) => headConfig(sized, index, width, height));
  const build = (parts: number): SizedProgram => {
    const network = parts === 1 ? recipe.network : recipe.networkInParts(parts);
    return { ...compileProgram(recipe, network, heads), recipe, width, height, heads, parts };
  };
  if (memory === undefined) return build(1);
  let least = Number.POSITIVE_INFINITY;
  for (const parts of numbersOfParts) {
    const candidate = build(parts);
    const bytes = bytesOf(candidate, state);
    if (bytes <= memory) return candidate;
    candidate.close();
    least = Math.min(least, bytes);
  }
  throw new StepMemoryError(width, height, recipe.part, least, memory);
};

export type Programs = {
  /** The program for a size; `state` gives the shapes of the weights. */
  readonly at: (state: TrainState, width: number, height: number) => SizedProgram;
  readonly close: () => void;
};

export const openPrograms = (recipe: Recipe): Programs => {
  const known = new Map<string, SizedProgram>();
  return {
    at: (state, width, height) => {
      const name = `${width} ${height}`;
      const program = known.get(name) ?? compileFor(recipe, state, width, height);
      known.set(name, program);
      return program;
    },
    close: () => {
      for (const program of known.values()) program.close();
    },
  };
};
