/** The webgpu device against the wasm device on the networks that are measured, before any speed is told. */
import { type Device, TooLargeError } from '@gdarknet/tensor';
import { type Check, compare, type Expectation, refusal } from './comparison.ts';
import { openForward, openTraining } from './contestants.ts';
import type { Sides } from './measurements.ts';
import { cfgFor, type Prepared, prepare, type Subject } from './networks.ts';
import type { Torch } from './torch.ts';

/**
 * Both devices sum in float32 in orders of their own, and wasm takes Winograd's way, which is good to 1e-5 of the largest
 * value in one layer; a wrong kernel is off by far more. Gradients have a tolerance for each network (`Subject`).
 */
export const tolerances = {
  forward: { measure: 'largest', tolerance: 1e-3 },
  loss: { measure: 'largest', tolerance: 1e-3 },
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

type Values = readonly Float32Array[];

const compareForward = (title: string, found: Values, expected: Values, fault: boolean): readonly Check[] =>
  expected.map((values, i) =>
    compare(`${title}, head ${i + 1}`, found[i] ?? [], values, { ...tolerances.forward, fault }),
  );

type Step = Awaited<ReturnType<typeof step>>;
const compareSteps = (
  title: string,
  found: Step,
  expected: Step,
  tolerance: number,
  fault: boolean,
): readonly Check[] => {
  // The momentum after one step from rest.
  const gradients = expected.momentum.map((values, i) =>
    compare(`${title}, gradients`, found.momentum[i] ?? [], values, { measure: 'norm', tolerance, fault }),
  );
  return [
    compare(`${title}, loss`, [found.loss], [expected.loss], { ...tolerances.loss, fault }),
    // The worst tensor speaks for all.
    gradients.reduce((worst, check) => (check.error > worst.error ? check : worst)),
    compare(`${title}, weights after`, found.weights, expected.weights, { ...tolerances.weights, fault }),
  ];
};

/** What the device gives, or its refusal. */
const asked = async <T>(open: Sides['open'], work: (device: Device) => Promise<T>): Promise<T | string> => {
  const device = await open();
  try {
    return await work(device);
  } catch (error) {
    if (error instanceof TooLargeError) return error.message;
    throw error;
  } finally {
    await device.close();
  }
};

/** Of one network, as they are made. `fault` spoils what the device gave: every check must fail then. */
export async function* checksOf(
  { open, torch }: Sides,
  oracle: Device,
  subject: Subject,
  fault = false,
): AsyncGenerator<Check> {
  const { name, side } = subject;
  const prepared = await prepare(oracle, subject);
  const [few] = subject.forward;
  const forwardTitle = `${name} forward, ${few} at ${side}`;
  const expected = await forward(oracle, prepared, few);
  const found = await asked(open, (device) => forward(device, prepared, few));
  if (typeof found === 'string') yield refusal(forwardTitle, tolerances.forward, found);
  else yield* compareForward(forwardTitle, found, expected, fault);
  if (typeof torch !== 'string') {
    const outputs = await theirForward(torch, subject, prepared, expected);
    if (typeof outputs === 'string') yield refusal(`PyTorch's ${forwardTitle}`, tolerances.forward, outputs);
    else yield* compareForward(`PyTorch's ${forwardTitle}`, outputs, expected, false);
  }
  const [batch] = subject.training;
  const cfg = cfgFor(subject, batch);
  const stepTitle = `${name} training step, ${batch} at ${side}`;
  const mine = await asked(open, (device) => step(device, cfg, prepared, batch));
  if (typeof mine === 'string') yield refusal(stepTitle, tolerances.loss, mine);
  else yield* compareSteps(stepTitle, mine, await step(oracle, cfg, prepared, batch), subject.gradients, fault);
}
