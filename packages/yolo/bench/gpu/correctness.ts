/** The webgpu device against the wasm device on the networks that are measured, before any speed is told. */
import type { Device } from '@gdarknet/tensor';
import { type Check, compare, type Expectation } from './comparison.ts';
import { openForward, openTraining } from './contestants.ts';
import type { Sides } from './measurements.ts';
import { cfgFor, type Prepared, prepare, type Subject } from './networks.ts';
import type { Torch } from './torch.ts';

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

const forward = async (device: Device, { plan, weights }: Prepared, batch: number): Promise<Float32Array[]> => {
  const pass = await openForward(device, plan, weights, batch);
  const outputs = await pass.outputs();
  await pass.close();
  return outputs;
};

/** PyTorch's, which shows that it is given the same network. */
const theirForward = async (
  torch: Torch,
  subject: Subject,
  { plan, weights }: Prepared,
  expected: readonly Float32Array[],
): Promise<Float32Array[] | string> => {
  const [batch] = subject.forward;
  const cfg = cfgFor(subject, batch);
  const opened = await torch.openNetwork({ cfg, plan, weights, batch, training: false, precision: 'f32' });
  if (typeof opened === 'string') return opened;
  const outputs = await opened.outputs(expected.map(({ length }) => length));
  await opened.close();
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
export async function* checksOf(
  { device: ours, torch }: Sides,
  oracle: Device,
  subject: Subject,
  fault = false,
): AsyncGenerator<Check> {
  const { name, side } = subject;
  const [few] = subject.forward;
  const prepared = await prepare(oracle, subject);
  const [found, expected] = [await forward(ours, prepared, few), await forward(oracle, prepared, few)];
  for (const [i, values] of expected.entries()) {
    const title = `${name} forward, ${few} at ${side}, head ${i + 1}`;
    yield compare(title, found[i] ?? [], values, { ...tolerances.forward, fault });
  }
  if (typeof torch !== 'string') {
    const outputs = await theirForward(torch, subject, prepared, expected);
    if (typeof outputs === 'string') throw new Error(`PyTorch cannot build ${name}: ${outputs}`);
    for (const [i, values] of expected.entries())
      yield compare(`PyTorch's ${name} forward, head ${i + 1}`, outputs[i], values, tolerances.forward);
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
