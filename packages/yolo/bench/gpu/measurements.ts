/** What is timed, in the order of the table. */
import type { AdapterFacts, Device } from '@gdarknet/tensor';
import { alone, type Contestant, openForward, openProduct, openReplay, openTraining } from './contestants.ts';
import { cfgFor, type Prepared, prepare, type Sizes, type Subject } from './networks.ts';
import type { Measurement, Precision } from './speed.ts';
import type { Torch } from './torch.ts';

export type Sides = {
  readonly open: (precision: Precision) => Promise<Device>;
  readonly adapter: AdapterFacts;
  readonly torch: Torch | string;
};

/** Why one side has no row of a precision; undefined where it has. */
const missingOurs = ({ adapter }: Sides, precision: Precision): string | undefined =>
  precision === 'f32' || adapter.features.includes('shader-f16') ? undefined : `${adapter.name} has no shader-f16`;

/** Those that the adapter has. */
export const ownPrecisions = ({ features }: AdapterFacts): readonly Precision[] =>
  features.includes('shader-f16') ? ['f32', 'f16'] : ['f32'];

/** PyTorch's half precision is of interest also where ours cannot be had; on a processor it is of none. */
export const precisionsFor = (adapter: AdapterFacts, isTiny: boolean): readonly Precision[] =>
  isTiny ? ownPrecisions(adapter) : ['f32', 'f16'];

/** Products of large matrices: the peak that shares are of. */
export const productOf = (sides: Sides, { product }: Sizes, precision: Precision): Measurement => {
  const { open, torch } = sides;
  return {
    name: `product of ${product} x ${product}`,
    precision,
    flops: 2 * product ** 3,
    ours: () => missingOurs(sides, precision) ?? alone(open(precision), (device) => openProduct(device, product)),
    theirs: () => (typeof torch === 'string' ? torch : torch.openProduct(product, precision)),
  };
};

export const replayOf = ({ open }: Sides, { replay }: Sizes): Measurement => ({
  name: `replay of ${replay} small kernels`,
  precision: 'f32',
  flops: 0,
  ours: () => alone(open('f32'), (device) => openReplay(device, replay)),
  theirs: () => 'not asked',
});

const networkRow = (
  sides: Sides,
  subject: Subject,
  { plan, weights }: Prepared,
  batch: number,
  training: boolean,
  precision: Precision,
): Measurement => {
  const { open, torch } = sides;
  const cfg = cfgFor(subject, batch);
  return {
    name: `${subject.name} ${training ? 'training step' : 'forward'}, ${batch} at ${subject.side}`,
    precision,
    // The gradients by weights and by inputs cost a forward pass each.
    flops: (training ? 3 : 1) * batch * plan.flops,
    ours: () =>
      missingOurs(sides, precision) ??
      alone<Contestant>(open(precision), (device) =>
        training ? openTraining(device, cfg, plan, weights, batch) : openForward(device, plan, weights, batch),
      ),
    theirs: () =>
      typeof torch === 'string' ? torch : torch.openNetwork({ cfg, plan, weights, batch, training, precision }),
  };
};

/** Weights are drawn once a network, on the device that draws fastest without a card. */
export const networkRows = async (
  sides: Sides,
  oracle: Device,
  { subjects }: Sizes,
  precisions: readonly Precision[],
): Promise<readonly Measurement[]> => {
  const prepared: (readonly [Subject, Prepared])[] = [];
  for (const subject of subjects) prepared.push([subject, await prepare(oracle, subject)]);
  // Should time run short, float32 is what everyone wants to know.
  return precisions.flatMap((precision) =>
    prepared.flatMap(([subject, ready]) => [
      ...subject.forward.map((batch) => networkRow(sides, subject, ready, batch, false, precision)),
      ...subject.training.map((batch) => networkRow(sides, subject, ready, batch, true, precision)),
    ]),
  );
};
