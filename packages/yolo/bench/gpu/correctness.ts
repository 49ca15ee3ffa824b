/** The webgpu device against the wasm device on the networks that are measured, before any speed is told. */
import type { Device } from '@gdarknet/tensor';
import type { NetworkPlan, NetworkWeights } from '@gdarknet/yolo';
import { planOf, weightsFor } from '../cpu/networks.ts';
import { type Check, compare, type Expectation } from './comparison.ts';
import { openForward, openTraining } from './contestants.ts';
import { cfgFor, type Subject } from './networks.ts';

/**
 * Both devices sum in float32 in orders of their own, and wasm takes Winograd's way, which is good to 1e-5 of the largest
 * value in one layer. Derivatives through batch statistics enlarge that; a wrong kernel is off by far more.
 */
export const tolerances = {
  forward: { measure: 'largest', tolerance: 1e-3 },
  loss: { measure: 'largest', tolerance: 1e-3 },
  /** The momentum after one step from rest: the gradients. */
  gradients: { measure: 'norm', tolerance: 1e-2 },
  /** With the rolling statistics. */
  weights: { measure: 'norm', tolerance: 1e-4 },
} as const satisfies Readonly<Record<string, Expectation>>;

export type Prepared = { readonly plan: NetworkPlan; readonly weights: NetworkWeights };

/** Weights drawn from a seed, the same for everyone who runs the network. */
export const prepare = async (device: Device, subject: Subject, batch: number): Promise<Prepared> => {
  const plan = planOf(cfgFor(subject, batch));
  return { plan, weights: await weightsFor(device, plan, undefined) };
};

const forward = async (device: Device, { plan, weights }: Prepared, batch: number): Promise<Float32Array[]> => {
  const pass = await openForward(device, plan, weights, batch);
  const outputs = await pass.outputs();
  await pass.close();
  return outputs;
};

const step = async (device: Device, cfg: string, { plan, weights }: Prepared, batch: number) => {
  const training = await openTraining(device, cfg, plan, weights, batch);
  const loss = await training.loss();
  const after = { loss, momentum: await training.momentum(), weights: await training.weights() };
  await training.close();
  return after;
};

/** Of one network, as they are made. `fault` spoils what the device gave: every check must fail then. */
export async function* checksOf(ours: Device, oracle: Device, subject: Subject, fault = false): AsyncGenerator<Check> {
  const { name, side } = subject;
  const [few] = subject.forward;
  const prepared = await prepare(oracle, subject, few);
  const [found, expected] = [await forward(ours, prepared, few), await forward(oracle, prepared, few)];
  for (const [i, values] of expected.entries()) {
    const title = `${name} forward, ${few} at ${side}, head ${i + 1}`;
    yield compare(title, found[i] ?? [], values, { ...tolerances.forward, fault });
  }
  const [batch] = subject.training;
  const cfg = cfgFor(subject, batch);
  const [mine, theirs] = [await step(ours, cfg, prepared, batch), await step(oracle, cfg, prepared, batch)];
  const title = `${name} training step, ${batch} at ${side}`;
  yield compare(`${title}, loss`, [mine.loss], [theirs.loss], { ...tolerances.loss, fault });
  const gradients = theirs.momentum.map((values, i) =>
    compare(`${title}, gradients`, mine.momentum[i] ?? [], values, { ...tolerances.gradients, fault }),
  );
  // The worst tensor speaks for all.
  yield gradients.reduce((worst, check) => (check.error > worst.error ? check : worst));
  yield compare(`${title}, weights after`, mine.weights, theirs.weights, { ...tolerances.weights, fault });
}
