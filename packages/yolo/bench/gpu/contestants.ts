/** What is timed on our side: forward passes, training steps and a matrix product, on any device. */
import { type Device, evaluate, free, jit, key, leavesOf, matmul, read, type Tensor, tensor } from '@gdarknet/tensor';
import {
  buildNetwork,
  createTrainer,
  foldNormalisation,
  installWeights,
  type NetworkPlan,
  type NetworkWeights,
  type StepReport,
} from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { bytesOf } from '../cpu/networks.ts';
import { pictures, truthsOf, truthsPerPicture } from './networks.ts';

/** Milliseconds a call, of so many calls whose end the device has reached; `enqueue` is the processor's part of it. */
export type Timed = { readonly ms: number; readonly enqueue?: number };
export type Contestant = {
  readonly run: (calls: number) => Promise<Timed>;
  readonly close: () => void | Promise<void>;
};

/** A contestant on a device of its own: one that is lost, or full, is not the next one's. */
export const alone = async <C extends Contestant>(
  opened: Promise<Device>,
  open: (device: Device) => Promise<C>,
): Promise<C> => {
  const device = await opened;
  try {
    const contestant = await open(device);
    const close = async () => {
      await contestant.close();
      await device.close();
    };
    return { ...contestant, close };
  } catch (error) {
    await device.close();
    throw error;
  }
};

/** Waits for everything the device has been given so far. */
const barrierOf = async (device: Device): Promise<() => Promise<void>> => {
  const flag = await evaluate(device, tensor(new Float32Array(4), [4]));
  return async () => void (await read(device, flag));
};

const timed =
  (call: () => Promise<unknown>, wait: () => Promise<unknown>) =>
  async (calls: number): Promise<Timed> => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) await call();
    const enqueue = (performance.now() - start) / calls;
    await wait();
    return { ms: (performance.now() - start) / calls, enqueue };
  };

/** The forward pass with the batch norm folded in; the pictures lie on the device, the heads' outputs stay there. */
export const openForward = async (
  device: Device,
  plan: NetworkPlan,
  weights: NetworkWeights,
  batch: number,
): Promise<Contestant & { readonly outputs: () => Promise<Float32Array[]> }> => {
  const variables = installWeights(plan, buildNetwork(plan).init(key(0)), weights);
  const params = await evaluate(device, foldNormalisation(plan, variables, 'cudnn'));
  const network = buildNetwork(plan, { folded: true });
  const { h, w, c } = plan.input;
  const pass = (layers: readonly number[]) =>
    jit(device, (x: Tensor) => {
      const { outputs } = network.apply(params, {}, x, { training: false });
      return layers.map((index) => outputs[index]);
    });
  const forward = pass(plan.heads);
  const x = await evaluate(device, tensor(pictures(batch, h).subarray(0, batch * h * w * c), [batch, h, w, c]));
  const wait = await barrierOf(device);
  return {
    run: timed(async () => free(await forward(x)), wait),
    /** Of the layers before the heads: a logistic function would hide differences. */
    outputs: async () => {
      const before = pass(plan.heads.map((index) => index - 1));
      const values = await before(x);
      const arrays = (await read(device, values)) as Float32Array[];
      free(values);
      before.close();
      return arrays;
    },
    close: () => {
      forward.close();
      free([params, x]);
    },
  };
};

/** Whole steps as `gdarknet train` makes them: pictures and truths go to the device, the costs come back a step later. */
export const openTraining = async (
  device: Device,
  cfg: string,
  plan: NetworkPlan,
  weights: NetworkWeights,
  batch: number,
): Promise<
  Contestant & {
    readonly loss: () => Promise<number>;
    readonly momentum: () => Promise<Float32Array[]>;
    readonly weights: () => Promise<Float32Array>;
  }
> => {
  const created = await createTrainer({ cfg, device, weights: bytesOf(weights, plan), clear: true });
  if (E.isLeft(created)) throw new Error(JSON.stringify(created.left[0]));
  const trainer = created.right;
  const x = pictures(batch, plan.input.h);
  const truths = truthsOf(batch, trainer.maxTruths);
  const begin = () => trainer.begin({ x, truths, counts: new Array(batch).fill(truthsPerPicture) });
  let last: (() => Promise<StepReport>) | undefined;
  const settle = async (next?: () => Promise<StepReport>): Promise<void> => {
    const before = last;
    last = next;
    await before?.();
  };
  const step = async () => {
    const next = await begin();
    await settle(next);
    if (!trainer.ahead) await settle();
  };
  const run = timed(step, () => settle());
  return {
    // A step waits for its own costs: there is no part of the processor's to tell apart.
    run: async (calls) => ({ ms: (await run(calls)).ms }),
    loss: async () => (await (await begin())()).loss,
    momentum: async () =>
      leavesOf<Float32Array>(await trainer.momentum(), (v): v is Float32Array => v instanceof Float32Array),
    // Behind the file's header of five words.
    weights: async () => new Float32Array((await trainer.weights()).slice(20).buffer),
    close: () => trainer.close(),
  };
};

/** A product of two square matrices: the best rate of arithmetic that can be had here. */
export const openProduct = async (device: Device, size: number): Promise<Contestant> => {
  const values = (offset: number) => Float32Array.from({ length: size * size }, (_, i) => ((i + offset) % 17) / 17);
  const factors = await evaluate(device, [tensor(values(0), [size, size]), tensor(values(5), [size, size])]);
  const product = jit(device, (a: Tensor, b: Tensor) => matmul(a, b));
  const call = async () => free(await product(factors[0], factors[1]));
  return {
    run: timed(call, await barrierOf(device)),
    close: () => {
      product.close();
      free(factors);
    },
  };
};

/** A replay of many kernels with next to nothing to do: what one costs the processor to encode and submit. */
export const openReplay = async (device: Device, kernels: number): Promise<Contestant> => {
  const run = jit(device, (a: Tensor) => {
    let x = a;
    // Products cannot be fused: each is a kernel of its own.
    for (let i = 0; i < kernels; i++) x = matmul(x, a);
    return x;
  });
  const x = await evaluate(device, tensor(new Float32Array(16).fill(0.2), [4, 4]));
  return { run: timed(async () => free(await run(x)), await barrierOf(device)), close: run.close };
};
