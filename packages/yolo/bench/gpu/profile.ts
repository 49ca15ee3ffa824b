/** Where the time goes, kernel by kernel by the device's own clock: of one forward pass and one training step a network. */
import { writeFileSync } from 'node:fs';
import { type Device, type OpenOptions, openDevice, type ProfileEvent, profileTable } from '@gdarknet/tensor';
import type { Clock } from './clock.ts';
import { type Contestant, openForward, openTraining } from './contestants.ts';
import { cfgFor, prepare, type Sizes } from './networks.ts';

const calls = 4;

/** Of the last call of some; the first ones compile. */
const profiled = async (options: OpenOptions, open: (device: Device) => Promise<Contestant>): Promise<string> => {
  const events: ProfileEvent[] = [];
  const device = await openDevice('webgpu', { ...options, profile: (event) => void events.push(event) });
  try {
    const contestant = await open(device);
    await contestant.run(calls);
    await contestant.close();
  } finally {
    await device.close();
  }
  // Plans before the last one made the weights ready.
  const own = events.filter(({ plan }) => plan === events[events.length - 1].plan);
  return profileTable(own.slice(-own.length / calls));
};

/** Writes the tables of each precision to a file. What cannot be profiled says why in its place. */
export const profile = async (
  file: string,
  options: readonly OpenOptions[],
  oracle: Device,
  { subjects }: Sizes,
  clock: Clock,
): Promise<void> => {
  const texts: string[] = [];
  for (const subject of subjects) {
    const { plan, weights } = await prepare(oracle, subject);
    const [few, batch] = [subject.forward[0], subject.training[0]];
    const parts = [
      [`forward, ${few}`, (device: Device) => openForward(device, plan, weights, few)],
      [
        `training step, ${batch}`,
        (device: Device) => openTraining(device, cfgFor(subject, batch), plan, weights, batch),
      ],
    ] as const;
    for (const one of options) {
      for (const [what, open] of parts) {
        const table = clock.left() > 0 ? profiled(one, open) : Promise.resolve('no time was left (--budget)');
        const text = await table.catch((error: unknown) => `not found: ${error}`);
        texts.push(`${subject.name} ${what} at ${subject.side} ${one.precision ?? ''}\n\n${text}\n`);
      }
    }
  }
  writeFileSync(file, texts.join('\n'));
  console.log(`\nwhere the time goes: ${file}`);
};
