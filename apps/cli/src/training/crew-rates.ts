/** The rate of several devices (SPEC 8.3): what `--sync` makes of it, and what the original's README advises. */
import type { NetworkPlan, TrainerOptions } from '@gdarknet/yolo';
import type { Crew } from '../parallel/crew.ts';

/** The original multiplies the rate by the number of devices; its README divides it before, and prolongs the warm-up. */
export const ratesFor = (
  crew: Crew | undefined,
  asAdvised: boolean,
): Pick<TrainerOptions, 'rateFactor' | 'burnInFactor'> => {
  if (crew === undefined) return {};
  const { size } = crew.team;
  const multiplied = crew.sync === 'darknet' ? size : 1;
  return { rateFactor: multiplied / (asAdvised ? size : 1), burnInFactor: asAdvised ? size : 1 };
};

export const advice = (net: NetworkPlan['net'], crew: Crew, asAdvised: boolean): readonly string[] => {
  const { size } = crew.team;
  const { rateFactor = 1, burnInFactor = 1 } = ratesFor(crew, asAdvised);
  const used = `learning_rate ${net.learning_rate} x ${rateFactor}, burn_in ${net.burn_in} x ${burnInFactor}`;
  const lines = [`${crew.description}, --sync ${crew.sync}: ${used}`];
  if (crew.sync === 'exact') {
    const held = 'the batch is dealt out, so rate and burn_in of one device hold as they are';
    return [...lines, asAdvised ? `note: ${held} without --gpu-rates, which is meant for --sync darknet` : held];
  }
  if (asAdvised) return lines;
  return [
    ...lines,
    `the README of the original advises for ${size} devices: train 1000 batches on one, then learning_rate=${net.learning_rate / size}, burn_in=${net.burn_in * size}; --gpu-rates does the latter`,
  ];
};
