/** The pure training step: parameters, momentum and rolling statistics stay on the device; no files, no clock. */
import { rateAt, valueAndGrad } from '@gdarknet/nn';
import {
  add,
  type Device,
  equal,
  evaluate,
  fetch,
  jit,
  key,
  mapTree,
  read,
  scalar,
  select,
  sub,
  type Tensor,
  tensor,
} from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { LayerConfig } from '../darknet/config.ts';
import type { FileFault, FileNotice } from '../darknet/fault.ts';
import { type NetworkPlan, parseNetwork } from '../darknet/plan.ts';
import { readWeights, writeWeights } from '../darknet/weights.ts';
import { newHeader } from '../darknet/weights-header.ts';
import { assign, type Targets } from '../loss/assignment.ts';
import type { GradientKind, HeadConfig, LossOptions } from '../loss/head.ts';
import { yoloLoss } from '../loss/head-loss.ts';
import { type HeadStatistics, readStatistics } from '../loss/statistics.ts';
import { buildNetwork, type NetworkParams, type NetworkState } from '../network/network.ts';
import { installWeights, weightsOf } from '../network/variables.ts';
import { type DescentState, descentOf, scheduleOf } from './descent.ts';

export type TrainerOptions = {
  /** Text of the cfg, and its name for messages. */
  readonly cfg: string;
  readonly cfgFile?: string;
  /** Bytes of a `.weights` file to start from; without them the weights are drawn from the seed. */
  readonly weights?: Uint8Array;
  readonly weightsFile?: string;
  readonly partial?: boolean;
  /** Forget how many images the weights have seen. */
  readonly clear?: boolean;
  readonly device: Device;
  readonly seed?: number;
  readonly ignore?: readonly string[];
  /** Default `darknet`. */
  readonly gradient?: GradientKind;
  readonly compat?: LossOptions['compat'];
  /** Whose batch normalisation; default `cudnn`. */
  readonly convention?: 'cudnn' | 'darknet-cpu';
};

/** `batch` pictures `[batch, height, width, 3]` RGB in 0 to 1, and their truths `[batch, maxTruths, 5]`: x, y, w, h, class. */
export type TrainingBatch = {
  readonly x: Float32Array;
  readonly truths: Float32Array;
  readonly counts: ArrayLike<number>;
  /** Default: those of the cfg. Multi-scale training gives others. */
  readonly width?: number;
  readonly height?: number;
};

export type StepReport = {
  /** Batches after this one, as the original counts. */
  readonly batch: number;
  /** Sum of the mini-batches' costs by the images of a batch; NaN or infinite: nothing was changed. */
  readonly loss: number;
  /** That this update used. */
  readonly rate: number;
  /** For each mini-batch its cost, and the statistics of each head in layer order. */
  readonly parts: readonly { readonly cost: number; readonly heads: readonly HeadStatistics[] }[];
  /** Truths without area or not finite, left out. */
  readonly dropped: number;
};

export type Trainer = {
  readonly plan: NetworkPlan;
  readonly notices: readonly FileNotice[];
  readonly heads: readonly { readonly layer: number; readonly config: HeadConfig }[];
  /** Images of a whole batch. */
  readonly batch: number;
  readonly subdivisions: number;
  readonly width: number;
  readonly height: number;
  readonly maxTruths: number;
  readonly seen: () => number;
  /** The rate that the next update will use. */
  readonly nextRate: () => number;
  readonly step: (batch: TrainingBatch) => Promise<StepReport>;
  /** A `.weights` file. */
  readonly weights: () => Promise<Uint8Array>;
  /** Gradients of the first parts of a batch and momentum, as the original's buffers (for tests and tools). */
  readonly momentum: () => Promise<unknown>;
  readonly close: () => void;
};

const headConfig = (plan: NetworkPlan, index: number, width: number, height: number): HeadConfig => {
  const { config, output } = plan.layers[index];
  const yolo = config as LayerConfig<'yolo'>;
  return {
    classes: yolo.classes,
    anchors: Array.from({ length: yolo.num }, (_, i) => [yolo.anchors[2 * i], yolo.anchors[2 * i + 1]] as const),
    mask: yolo.mask,
    ignoreThresh: yolo.ignore_thresh,
    truthThresh: yolo.truth_thresh,
    loss: yolo.iou_loss,
    representation: yolo.representation,
    iouNormalizer: yolo.iou_normalizer,
    clsNormalizer: yolo.cls_normalizer,
    scaleXY: yolo.scale_x_y,
    netWidth: width,
    netHeight: height,
    width: output.w,
    height: output.h,
  };
};

type Moving = { readonly params: NetworkParams; readonly state: NetworkState; readonly descent: DescentState };

/** Capacities of the truth buffers: few, so that few plans are made. */
const capacityFor = (most: number, limit: number): number => {
  let capacity = 8;
  while (capacity < most) capacity *= 2;
  return Math.min(capacity, Math.max(limit, most));
};

/** `[n, from, 5]` to `[n, to, 5]`. */
const resizeTruths = (truths: Float32Array, n: number, from: number, to: number): Float32Array => {
  const resized = new Float32Array(n * to * 5);
  for (let i = 0; i < n; i++) {
    resized.set(truths.subarray(i * from * 5, i * from * 5 + Math.min(from, to) * 5), i * to * 5);
  }
  return resized;
};

export const createTrainer = async (options: TrainerOptions): Promise<E.Either<readonly FileFault[], Trainer>> => {
  const { device, cfgFile = 'cfg', seed = 0, gradient = 'darknet', convention = 'cudnn' } = options;
  const parsed = parseNetwork(options.cfg, { file: cfgFile, ignore: options.ignore });
  if (E.isLeft(parsed)) return parsed;
  const { value: plan, notices: fromCfg } = parsed.right;
  if (plan.heads.length === 0) {
    const fault: FileFault = {
      tag: 'section',
      file: cfgFile,
      expected: 'at least one [yolo] section',
      action: 'give the cfg of a detector',
    };
    return E.left([fault]);
  }
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
  const network = buildNetwork(plan, { convention });
  const descent = descentOf(plan, images);
  const schedule = scheduleOf(net);
  const loss: LossOptions = { gradient, compat: options.compat ?? {} };
  const maxTruths = Math.max(...plan.heads.map((i) => (plan.layers[i].config as LayerConfig<'yolo'>).max));

  const fresh = network.init(key(seed));
  const start = loaded ? installWeights(plan, fresh, loaded.right.value) : fresh;
  let moving: Moving = await evaluate(device, { ...start, descent: descent.init(start.params) });
  let seen = loaded ? loaded.right.value.header.seen : 0;

  /** Costs, gradients and rolling statistics of one part of a batch. */
  const differentiate = (
    heads: readonly HeadConfig[],
    { params, state }: Moving,
    x: Tensor,
    targets: Targets,
    k: Tensor,
  ) => {
    const objective = (p: NetworkParams) => {
      const applied = network.apply(p, state, x, { training: true, key: k });
      const losses = heads.map((head, i) => yoloLoss(head, applied.outputs[plan.heads[i]], targets, i, loss));
      const total = losses.map((l) => l.objective).reduce(add);
      return [total, { state: applied.state, statistics: losses.map((l) => l.statistics), total }] as const;
    };
    const [[, extras], gradients] = valueAndGrad(objective)(params);
    return { ...extras, gradients };
  };

  /** Nothing changes where the loss is not finite. */
  const guarded = (total: Tensor, after: Moving, before: Moving): Moving => {
    const finite = equal(sub(total, total), 0);
    const old: Tensor[] = [];
    mapTree(before, (t) => old.push(t));
    return mapTree<Moving>(after, (t, i) => select(finite, t, old[i]));
  };

  const compile = (width: number, height: number) => {
    const sized = E.getOrElseW(() => plan)(
      E.map(({ value }: { value: NetworkPlan }) => value)(
        parseNetwork(options.cfg, { file: cfgFile, ignore: options.ignore, width, height }),
      ),
    );
    const heads = plan.heads.map((index) => headConfig(sized, index, width, height));
    const accumulate = jit(
      device,
      (params: NetworkParams, rest: Omit<Moving, 'params'>, x: Tensor, targets: Targets, k: Tensor) => {
        const before = { params, ...rest };
        const { state, gradients, statistics, total } = differentiate(heads, before, x, targets, k);
        const after = { params, state, descent: descent.accumulate(gradients, rest.descent) };
        const { params: _, ...kept } = guarded(total, after, before);
        return { rest: kept, statistics: statistics.map(fetch) };
      },
      { donate: [1] },
    );
    const update = jit(
      device,
      (before: Moving, x: Tensor, targets: Targets, k: Tensor, rate: Tensor) => {
        const { state, gradients, statistics, total } = differentiate(heads, before, x, targets, k);
        const [params, after] = descent.update(gradients, before.descent, before.params, rate);
        const moved = guarded(total, { params: params as NetworkParams, state, descent: after }, before);
        return { moving: moved, statistics: statistics.map(fetch) };
      },
      { donate: [0] },
    );
    return { heads, accumulate, update };
  };
  const sizes = new Map<string, ReturnType<typeof compile>>();
  const compiledFor = (width: number, height: number) => {
    const name = `${width} ${height}`;
    const known = sizes.get(name) ?? compile(width, height);
    sizes.set(name, known);
    return known;
  };

  const step = async (batch: TrainingBatch): Promise<StepReport> => {
    const { w, h, c } = plan.input;
    const { width = w, height = h } = batch;
    const { heads, accumulate, update } = compiledFor(width, height);
    const pixels = height * width * c;
    const given = batch.truths.length / 5 / images;
    if (batch.x.length !== images * pixels || !Number.isInteger(given)) {
      throw new RangeError(`a batch is ${images} pictures of ${width} x ${height} x ${c}, and as many truths for each`);
    }
    const rate = rateAt(schedule, Math.floor((seen + images) / images));
    const parts: { cost: number; heads: HeadStatistics[] }[] = [];
    let dropped = 0;
    for (let p = 0; p < net.subdivisions; p++) {
      const counts = Array.from({ length: part }, (_, i) => Math.min(batch.counts[p * part + i], maxTruths));
      const capacity = capacityFor(Math.max(0, ...counts), maxTruths);
      const mine = batch.truths.subarray(p * part * given * 5, (p + 1) * part * given * 5);
      const assigned = assign(heads, resizeTruths(mine, part, given, capacity), counts, options.compat);
      dropped += assigned.dropped;
      const x = tensor(batch.x.subarray(p * part * pixels, (p + 1) * part * pixels), [part, height, width, c]);
      const k = tensor(Uint32Array.of(seed >>> 0, (seen + (p + 1) * part) >>> 0));
      let statistics: readonly ArrayLike<number>[];
      if (p < net.subdivisions - 1) {
        const { params, ...rest } = moving;
        const done = await accumulate(params, rest, x, assigned.targets, k);
        moving = { params, ...(done.rest as Omit<Moving, 'params'>) };
        statistics = done.statistics as readonly ArrayLike<number>[];
      } else {
        const done = await update(moving, x, assigned.targets, k, scalar(rate));
        moving = done.moving as Moving;
        statistics = done.statistics as readonly ArrayLike<number>[];
      }
      const read = statistics.map(readStatistics);
      parts.push({ cost: read.reduce((sum, s) => sum + s.cost, 0) / read.length, heads: read });
    }
    seen += images;
    return {
      batch: Math.floor(seen / images),
      loss: parts.reduce((sum, { cost }) => sum + cost, 0) / images,
      rate,
      parts,
      dropped,
    };
  };

  const weights = async (): Promise<Uint8Array> => {
    const values = await read(device, { params: moving.params, state: moving.state });
    const written = writeWeights(weightsOf(plan, values, { ...newHeader(), seen }), plan);
    if (E.isLeft(written)) throw new Error('the weights of this network could not be laid out');
    return written.right;
  };

  return E.right({
    plan,
    notices: [...fromCfg, ...(loaded ? loaded.right.notices : [])],
    heads: plan.heads.map((layer) => ({ layer, config: headConfig(plan, layer, plan.input.w, plan.input.h) })),
    batch: images,
    subdivisions: net.subdivisions,
    width: plan.input.w,
    height: plan.input.h,
    maxTruths,
    seen: () => seen,
    nextRate: () => rateAt(schedule, Math.floor((seen + images) / images)),
    step,
    weights,
    momentum: () => read(device, moving.descent),
    close: () => {
      for (const { accumulate, update } of sizes.values()) {
        accumulate.close();
        update.close();
      }
    },
  });
};
