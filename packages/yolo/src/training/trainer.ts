/** A trainer: the state of a run on a device, and what can be done with it. */
import { evaluate, key, type Read, read, scalar } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { FileFault } from '../darknet/fault.ts';
import { parseNetwork } from '../darknet/plan.ts';
import { readWeights, writeWeights } from '../darknet/weights.ts';
import { newHeader } from '../darknet/weights-header.ts';
import { installWeights, weightsOf } from '../network/variables.ts';
import type { Trainer, TrainerOptions } from './contract.ts';
import { openExchange } from './exchange.ts';
import { headConfig } from './head-config.ts';
import { bytesOf, openPrograms, prepareProgram } from './programs.ts';
import { batchesIn, type Recipe, rateOf, recipeOf } from './recipe.ts';
import { type ModelState, modelFrom, recovered, snapshotOf, startingAt, type TrainState } from './state.ts';
import { alone, beginStep } from './step.ts';
import { compareMembers, flatten, type Team, unflatten } from './team.ts';
import { together } from './together.ts';

const noHead = (file: string): FileFault => ({
  tag: 'section',
  file,
  expected: 'at least one [yolo] section',
  action: 'give the cfg of a detector',
});

/** Takes over everything from member 0. */
const followed = async ({ device }: Recipe, state: TrainState, team: Team): Promise<TrainState> => {
  const flat = flatten(await read(device, state.model as unknown as Read<ModelState>));
  await team.share(flat);
  // A count of images does not fit into one float.
  const counted = Float32Array.of(Math.floor(state.seen / 2 ** 20), state.seen % 2 ** 20);
  await team.share(counted);
  const model = await evaluate(device, unflatten(flat, state.model));
  return { ...state, model, seen: counted[0] * 2 ** 20 + counted[1] };
};

/** Weights, biases and scales become their means over the members; the rest stays. */
const averagedOver = async ({ device }: Recipe, state: TrainState, team: Team): Promise<TrainState> => {
  const { params } = state.model;
  const sums = Float64Array.from(flatten(await read(device, params)));
  await team.sum(sums);
  const means = Float32Array.from(sums, (value) => value / team.size);
  return { ...state, model: { ...state.model, params: await evaluate(device, unflatten(means, params)) } };
};

const weightsFileOf = async ({ device, plan }: Recipe, { model, seen }: TrainState, which: 'current' | 'average') => {
  const { params, state } = (which === 'average' && model.average) || model;
  const values = await read(device, { params, state });
  const bytes = writeWeights(weightsOf(plan, values, { ...newHeader(), seen }), plan);
  if (E.isLeft(bytes)) throw new Error('the weights of this network could not be laid out');
  return bytes.right;
};

/** A trainer that goes on from `start`; every change of the state is an assignment here. */
const trainerFrom = (recipe: Recipe, start: TrainState, notices: Trainer['notices']): Trainer => {
  const { device, plan, images, part, mine, team } = recipe;
  const { subdivisions } = plan.net;
  const { w: width, h: height } = plan.input;
  const programs = openPrograms(recipe);
  const method = team ? together(team, openExchange(team)) : alone;
  let state = start;
  const begin: Trainer['begin'] = async (batch, stop) => {
    const program = programs.at(state, batch.width ?? width, batch.height ?? height);
    const [after, pending] = await beginStep(program, state, batch, method, stop);
    state = after;
    return async () => {
      const report = await pending();
      if (!Number.isFinite(report.loss)) state = recovered(state, after.seen);
      return report;
    };
  };
  return {
    plan,
    notices,
    subdivisions,
    width,
    height,
    begin,
    heads: plan.heads.map((layer) => ({ layer, config: headConfig(plan, layer, width, height) })),
    batch: images,
    slice: { from: mine.from * part, to: mine.to * part },
    maxTruths: recipe.maxTruths,
    averaged: recipe.averaged,
    seen: () => state.seen,
    rateAt: (batch = batchesIn(recipe, state.seen) + 1) => rateOf(recipe, batch),
    prepare: async (w, h) => prepareProgram(programs.at(state, w, h), state),
    cost: (w, h) => {
      const program = programs.at(state, w, h);
      return { bytes: bytesOf(program, state), parts: program.parts };
    },
    ahead: device.name === 'webgpu' && team === undefined,
    step: async (batch, stop) => (await begin(batch, stop))(),
    weights: (which = 'current') => weightsFileOf(recipe, state, which),
    snapshot: () => snapshotOf(device, state),
    restore: async (snapshot) => {
      const fitted = modelFrom(state.model, snapshot);
      if (E.isLeft(fitted)) return fitted;
      state = { ...state, model: await evaluate(device, fitted.right), seen: snapshot.seen };
      return E.right(undefined);
    },
    follow: async (crew) => {
      state = await followed(recipe, state, crew);
    },
    compare: async (crew) =>
      compareMembers(crew, await read(device, state.model.params), batchesIn(recipe, state.seen)),
    average: async (crew) => {
      state = await averagedOver(recipe, state, crew);
    },
    count: (more) => {
      state = { ...state, seen: state.seen + more };
    },
    momentum: () => read(device, state.model.descent.own),
    close: programs.close,
  };
};

export const createTrainer = async (options: TrainerOptions): Promise<E.Either<readonly FileFault[], Trainer>> => {
  const { device, cfgFile = 'cfg', weightsFile = 'weights', partial = false, clear = false, seed = 0 } = options;
  const { ignore, strict, allowUnsound = false } = options;
  const parsed = parseNetwork(options.cfg, { file: cfgFile, ignore, strict });
  if (E.isLeft(parsed)) return parsed;
  const { value: plan, notices } = parsed.right;
  if (plan.heads.length === 0) return E.left([noHead(cfgFile)]);
  const loaded =
    options.weights && readWeights(options.weights, plan, { file: weightsFile, partial, clear, allowUnsound });
  if (loaded && E.isLeft(loaded)) return loaded;

  const recipe = recipeOf(plan, options);
  const fresh = recipe.network.init(key(seed));
  const first = loaded ? installWeights(plan, fresh, loaded.right.value) : fresh;
  const start: TrainState = {
    model: await evaluate(device, startingAt(first, recipe.descent, recipe.averaged)),
    sound: await evaluate(device, scalar(1)),
    seen: loaded ? loaded.right.value.header.seen : 0,
  };
  return E.right(trainerFrom(recipe, start, [...notices, ...(loaded ? loaded.right.notices : [])]));
};
