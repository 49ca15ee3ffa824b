/** The webgpu device against the wasm device on the networks that are measured, before any speed is told. */
import { type Device, TooLargeError } from '@gdarknet/tensor';
import { type Check, compare, type Expectation, refusal } from './comparison.ts';
import { openForward, openTraining } from './contestants.ts';
import type { Sides } from './measurements.ts';
import { cfgFor, type Prepared, prepare, type Subject } from './networks.ts';
import type { Precision } from './speed.ts';
import type { Torch } from './torch.ts';

type Tolerances = Readonly<Record<'forward' | 'loss' | 'weights', Expectation>>;

/**
 * In float32 both devices sum in orders of their own, and wasm takes Winograd's way, which is good to 1e-5 of the largest
 * value in one layer. Images and filters of 16 bits are rounded by up to 2^-11 in every layer. A wrong kernel is off by far
 * more. Gradients have a tolerance for each network (`Subject`). The weights are with their rolling statistics.
 */
export const tolerances: Readonly<Record<Precision, Tolerances>> = {
  f32: {
    forward: { measure: 'largest', tolerance: 1e-3 },
    loss: { measure: 'largest', tolerance: 1e-3 },
    weights: { measure: 'norm', tolerance: 1e-4 },
  },
  f16: {
    forward: { measure: 'largest', tolerance: 3e-2 },
    loss: { measure: 'largest', tolerance: 1e-2 },
    weights: { measure: 'norm', tolerance: 1e-3 },
  },
};

/**
 * Before any training the gradients of all places are nearly alike. Batch normalisation takes their mean off, and what is
 * left is a small part of what was rounded to 16 bits: 0.3 and less with the small networks.
 */
const halfGradients = 0.5;

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

const compareForward = (title: string, found: Values, expected: Values, expectation: Expectation): readonly Check[] =>
  expected.map((values, i) => compare(`${title}, head ${i + 1}`, found[i] ?? [], values, expectation));

type Step = Awaited<ReturnType<typeof step>>;
const compareSteps = (
  title: string,
  found: Step,
  expected: Step,
  { loss, weights }: Tolerances,
  tolerance: number,
  fault: boolean,
): readonly Check[] => {
  // The momentum after one step from rest.
  const gradients = expected.momentum.map((values, i) =>
    compare(`${title}, gradients`, found.momentum[i] ?? [], values, { measure: 'norm', tolerance, fault }),
  );
  return [
    compare(`${title}, loss`, [found.loss], [expected.loss], { ...loss, fault }),
    // The worst tensor speaks for all.
    gradients.reduce((worst, check) => (check.error > worst.error ? check : worst)),
    compare(`${title}, weights after`, found.weights, expected.weights, { ...weights, fault }),
  ];
};

/** What the device gives, or its refusal. */
const asked = async <T>(opened: Promise<Device>, work: (device: Device) => Promise<T>): Promise<T | string> => {
  const device = await opened;
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
  precision: Precision,
  fault = false,
): AsyncGenerator<Check> {
  const { name, side } = subject;
  const own = tolerances[precision];
  const titled = (what: string, batch: number): string => `${name} ${what}, ${batch} at ${side} ${precision}`;
  const prepared = await prepare(oracle, subject);
  const [few] = subject.forward;
  const expected = await forward(oracle, prepared, few);
  const found = await asked(open(precision), (device) => forward(device, prepared, few));
  const forwardTitle = titled('forward', few);
  if (typeof found === 'string') yield refusal(forwardTitle, own.forward, found);
  else yield* compareForward(forwardTitle, found, expected, { ...own.forward, fault });
  if (typeof torch !== 'string' && precision === 'f32') {
    const outputs = await theirForward(torch, subject, prepared, expected);
    if (typeof outputs === 'string') yield refusal(`PyTorch's ${forwardTitle}`, own.forward, outputs);
    else yield* compareForward(`PyTorch's ${forwardTitle}`, outputs, expected, own.forward);
  }
  const [batch] = subject.training;
  const cfg = cfgFor(subject, batch);
  const stepTitle = titled('training step', batch);
  const mine = await asked(open(precision), (device) => step(device, cfg, prepared, batch));
  if (typeof mine === 'string') yield refusal(stepTitle, own.loss, mine);
  else {
    const theirs = await step(oracle, cfg, prepared, batch);
    yield* compareSteps(stepTitle, mine, theirs, own, precision === 'f32' ? subject.gradients : halfGradients, fault);
  }
}
