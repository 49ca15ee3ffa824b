/** The training step: parameters, momentum and rolling statistics stay on the device; no files, no clock. */
import { rateAt } from '@gdarknet/nn';
import { evaluate, type HostArray, key, type Read, read, scalar, type Tensor, tensor } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { LayerConfig } from '../darknet/config.ts';
import type { FileFault } from '../darknet/fault.ts';
import { parseNetwork, resizedPlan } from '../darknet/plan.ts';
import { readWeights, writeWeights } from '../darknet/weights.ts';
import { newHeader } from '../darknet/weights-header.ts';
import type { LossOptions } from '../loss/head.ts';
import { readStatistics } from '../loss/statistics.ts';
import { buildNetwork } from '../network/network.ts';
import { installWeights, type NetworkVariables, weightsOf } from '../network/variables.ts';
import { type Cut, cutPart, emptyPart, type Part } from './batch-parts.ts';
import type { StepReport, Trainer, TrainerOptions } from './contract.ts';
import { costOf, type Values } from './cost.ts';
import { descentOf, joinSums, scheduleOf, uniformAt } from './descent.ts';
import { headConfig } from './head-config.ts';
import { StepMemoryError, withAdvice } from './memory.ts';
import { type Moving, movingFrom, snapshotOf, startingAt, sumOf } from './moving.ts';
import { compileProgram, type Pace, type Program } from './program.ts';
import { compareMembers, flatten, partsOf, unflatten } from './team.ts';
import { openTeamWork } from './together.ts';

const noHead = (file: string): FileFault => ({
  tag: 'section',
  file,
  expected: 'at least one [yolo] section',
  action: 'give the cfg of a detector',
});

/** A young average follows the weights closely: it has nothing of its own to remember yet. */
const keepAt = (alpha: number, batch: number): number => Math.min(alpha, (1 + batch) / (10 + batch));

/** Of which all but the last are computed again. */
const numbersOfParts = [1, 2, 3, 4, 6, 8, 12, 16, 24] as const;

export const createTrainer = async (options: TrainerOptions): Promise<E.Either<readonly FileFault[], Trainer>> => {
  const { device, cfgFile = 'cfg', seed = 0, gradient = 'darknet', convention = 'cudnn', team } = options;
  const { freeze = 0, clipNorm = 0, rateFactor = 1, burnInFactor = 1 } = options;
  const { ignore, strict } = options;
  const parsed = parseNetwork(options.cfg, { file: cfgFile, ignore, strict });
  if (E.isLeft(parsed)) return parsed;
  const { value: plan, notices: fromCfg } = parsed.right;
  if (plan.heads.length === 0) return E.left([noHead(cfgFile)]);
  const loaded =
    options.weights &&
    readWeights(options.weights, plan, {
      file: options.weightsFile ?? 'weights',
      partial: options.partial ?? false,
      clear: options.clear ?? false,
    });
  if (loaded && E.isLeft(loaded)) return loaded;

  const { net } = plan;
  const part = Math.floor(net.batch / net.subdivisions);
  const images = part * net.subdivisions;
  const mine = partsOf(net.subdivisions, team?.rank ?? 0, team?.size ?? 1);
  const network = buildNetwork(plan, { convention, freeze });
  const accumulates = team !== undefined || net.subdivisions > 1;
  const descent = descentOf(plan, { images, freeze, clipNorm, apart: accumulates });
  const written = scheduleOf(net);
  const schedule = {
    ...written,
    learningRate: written.learningRate * rateFactor,
    burnIn: Math.round((written.burnIn ?? 0) * burnInFactor),
  };
  const loss: LossOptions = { gradient, compat: options.compat ?? {} };
  const maxOf = (head: number) => (plan.layers[head].config as LayerConfig<'yolo'>).max;
  const maxTruths = plan.heads.reduce((most, head) => Math.max(most, maxOf(head)), 0);
  const averaged = net.ema_alpha > 0;

  const fresh = network.init(key(seed));
  const start: NetworkVariables = loaded ? installWeights(plan, fresh, loaded.right.value) : fresh;
  let moving: Moving = await evaluate(device, startingAt(start, descent, averaged));
  const isSound = (): Promise<Tensor> => evaluate(device, scalar(1));
  /** On the device: whether all losses have been finite. */
  let sound = await isSound();
  let seen = loaded ? loaded.right.value.header.seen : 0;

  const batchNumber = (): number => Math.floor(seen / images);
  const rateOf = (batch: number): number => rateAt(schedule, batch, { random: () => uniformAt(seed, batch) });

  const bytesOf = (program: Program, width: number, height: number): number => {
    const { x, targets } = emptyPart(cutOf(program, width, height));
    return Math.max(
      accumulates ? program.accumulate.bytes(moving.params, restOf(moving), sound, x, targets, keyOf(0)) : 0,
      team === undefined ? program.update.bytes(moving, sound, x, targets, keyOf(0), paceOf(1)) : 0,
    );
  };
  type Sized = { readonly program: Program; readonly parts: number };
  const programs = new Map<string, Sized>();
  /** In as few parts as the memory asks for. */
  const sizedFor = (width: number, height: number): Sized => {
    const name = `${width} ${height}`;
    const known = programs.get(name);
    if (known) return known;
    const sized = resizedPlan(plan, width, height);
    const heads = plan.heads.map((index) => headConfig(sized, index, width, height));
    const build = (parts: number): Sized => {
      const own = parts === 1 ? network : buildNetwork(plan, { convention, freeze, parts });
      return { program: compileProgram({ device, plan, network: own, descent, loss, freeze }, heads), parts };
    };
    const choose = (memory: number): Sized => {
      let least = Number.POSITIVE_INFINITY;
      for (const parts of numbersOfParts) {
        const candidate = build(parts);
        const bytes = bytesOf(candidate.program, width, height);
        if (bytes <= memory) return candidate;
        least = Math.min(least, bytes);
      }
      throw new StepMemoryError(width, height, part, least, memory);
    };
    const chosen = options.memory === undefined ? build(1) : choose(options.memory);
    programs.set(name, chosen);
    return chosen;
  };
  const programFor = (width: number, height: number): Program => sizedFor(width, height).program;
  const cutOf = ({ heads }: Program, width: number, height: number): Cut => ({
    ...{ heads, width, height, maxTruths, images: part },
    ...{ channels: plan.input.c, compat: options.compat },
  });
  const paceOf = (batch: number): Pace => ({
    rate: scalar(rateOf(batch)),
    keep: scalar(averaged ? keepAt(net.ema_alpha, batch) : 0),
  });
  const keyOf = (p: number) => tensor(Uint32Array.of(seed >>> 0, (seen + (p + 1) * part) >>> 0));
  const restOf = (now: Moving) => ({ state: now.state, sum: sumOf(now) });

  const prepare: Trainer['prepare'] = async (width, height) => {
    const program = programFor(width, height);
    const { x, targets } = emptyPart(cutOf(program, width, height));
    if (accumulates)
      await withAdvice(
        net,
        part,
        program.accumulate.prepare(moving.params, restOf(moving), sound, x, targets, keyOf(0)),
      );
    if (team === undefined)
      await withAdvice(net, part, program.update.prepare(moving, sound, x, targets, keyOf(0), paceOf(1)));
  };

  const cost: Trainer['cost'] = (width, height) => {
    const { program, parts } = sizedFor(width, height);
    return { bytes: bytesOf(program, width, height), parts };
  };

  type Outcome = { readonly values: readonly Values[]; readonly dropped: number; readonly stop: boolean };
  type Batch = { readonly program: Program; readonly partAt: (p: number) => Part; readonly stop: boolean };

  /** The mini-batches, of which the last makes the update; nothing waits for the device. */
  const alone = async ({ program, partAt, stop }: Batch): Promise<() => Promise<Outcome>> => {
    const pending: (readonly Promise<HostArray>[])[] = [];
    let dropped = 0;
    for (let p = 0; p < net.subdivisions; p++) {
      const { x, targets, ...counts } = partAt(p);
      dropped += counts.dropped;
      if (p < net.subdivisions - 1) {
        const { params } = moving;
        const [forward, ...sums] = await program.accumulate(params, restOf(moving), sound, x, targets, keyOf(p));
        moving = { ...moving, state: forward.state, descent: { ...moving.descent, sum: joinSums(sums) } };
        sound = forward.sound;
        pending.push(forward.statistics);
      } else {
        const after = await program.update(moving, sound, x, targets, keyOf(p), paceOf(batchNumber() + 1));
        moving = after.moving as Moving;
        sound = after.sound;
        pending.push(after.statistics);
      }
    }
    return async () => {
      const values = await Promise.all(pending.map((part) => Promise.all(part)));
      // What came after a cost that is not finite counts for nothing.
      const spoilt = values.findIndex((part) => !Number.isFinite(costOf(part)));
      return { values: spoilt < 0 ? values : values.slice(0, spoilt + 1), dropped, stop };
    };
  };

  const workTogether =
    team &&
    openTeamWork({ device, team, descent, freeze, mine, subdivisions: net.subdivisions, heads: plan.heads.length });
  const together = async (work: NonNullable<typeof workTogether>, batch: Batch): Promise<() => Promise<Outcome>> => {
    const { stop: asked, ...rest } = batch;
    const { moving: after, ...outcome } = await work({
      ...rest,
      moving,
      keyOf,
      pace: paceOf(batchNumber() + 1),
      asked,
    });
    moving = after;
    return async () => outcome;
  };

  const begin: Trainer['begin'] = async (batch, stop = false) => {
    const { width = plan.input.w, height = plan.input.h } = batch;
    const program = programFor(width, height);
    const cut = cutOf(program, width, height);
    const rate = rateOf(batchNumber() + 1);
    const partAt = (p: number): Part => cutPart(batch, p - mine.from, mine.to - mine.from, cut);
    const work = { program, partAt, stop };
    const outcome = await withAdvice(net, part, workTogether ? together(workTogether, work) : alone(work));
    seen += images;
    const [number, seenNow] = [batchNumber(), seen];
    return async () => {
      const done = await outcome();
      const parts = done.values.map((heads) => ({ cost: costOf(heads), heads: heads.map(readStatistics) }));
      const loss = parts.reduce((sum, { cost }) => sum + cost, 0) / images;
      if (!Number.isFinite(loss)) {
        // What was begun after it has not happened.
        seen = seenNow;
        sound = await isSound();
      }
      return { batch: number, rate, parts, dropped: done.dropped, stop: done.stop, loss } satisfies StepReport;
    };
  };
  const step: Trainer['step'] = async (batch, stop) => (await begin(batch, stop))();

  const weights: Trainer['weights'] = async (which = 'current') => {
    const { params, state } = (which === 'average' && moving.average) || moving;
    const values = await read(device, { params, state });
    const bytes = writeWeights(weightsOf(plan, values, { ...newHeader(), seen }), plan);
    if (E.isLeft(bytes)) throw new Error('the weights of this network could not be laid out');
    return bytes.right;
  };

  const restore: Trainer['restore'] = async (snapshot) => {
    const fitted = movingFrom(moving, snapshot);
    if (E.isLeft(fitted)) return fitted;
    moving = await evaluate(device, fitted.right);
    seen = snapshot.seen;
    return E.right(undefined);
  };

  const follow: Trainer['follow'] = async (crew) => {
    const flat = flatten(await read(device, moving as unknown as Read<Moving>));
    await crew.share(flat);
    // A count of images does not fit into one float.
    const counted = Float32Array.of(Math.floor(seen / 2 ** 20), seen % 2 ** 20);
    await crew.share(counted);
    seen = counted[0] * 2 ** 20 + counted[1];
    moving = await evaluate(device, unflatten(flat, moving));
  };

  const average: Trainer['average'] = async (crew) => {
    const sums = Float64Array.from(flatten(await read(device, moving.params)));
    await crew.sum(sums);
    const means = Float32Array.from(sums, (value) => value / crew.size);
    const params = unflatten(means, moving.params);
    moving = { ...moving, params: await evaluate(device, params) };
  };

  return E.right({
    plan,
    notices: [...fromCfg, ...(loaded ? loaded.right.notices : [])],
    heads: plan.heads.map((layer) => ({ layer, config: headConfig(plan, layer, plan.input.w, plan.input.h) })),
    batch: images,
    subdivisions: net.subdivisions,
    slice: { from: mine.from * part, to: mine.to * part },
    width: plan.input.w,
    height: plan.input.h,
    maxTruths,
    averaged,
    seen: () => seen,
    rateAt: (batch = batchNumber() + 1) => rateOf(batch),
    prepare,
    cost,
    begin,
    ahead: device.name === 'webgpu' && team === undefined,
    step,
    weights,
    snapshot: () => snapshotOf(device, moving, seen),
    restore,
    follow,
    compare: async (crew) => compareMembers(crew, await read(device, moving.params), batchNumber()),
    average,
    count: (more) => {
      seen += more;
    },
    momentum: () => read(device, moving.descent.own),
    close: () => {
      for (const { program } of programs.values()) program.close();
    },
  });
};
