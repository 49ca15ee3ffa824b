/**
 * One case of the benchmark, timed when it is told to: `timer inference|training <network> <threads>` prints `ready`, then
 * milliseconds for every line that it reads. So that two versions of the libraries can take turns, each in a process.
 */
import { createInterface } from 'node:readline';
import { openInference } from './inference.ts';
import { measured } from './networks.ts';
import { steadily } from './rounds.ts';
import { openTraining } from './training.ts';

const [kind, name, threads] = process.argv.slice(2);
const network = measured.find((each) => each.name === name);
if (!network) throw new Error(`there is no network ${name}; there are ${measured.map((each) => each.name).join(', ')}`);

const training = async () => {
  const { step, close } = await openTraining(network.cfg, network.side, 4, Number(threads));
  const timed = async () => {
    const start = performance.now();
    await step();
    return performance.now() - start;
  };
  return { timed, close };
};
const inference = async () => {
  const { forward, close } = await openInference(network, Number(threads));
  return { timed: steadily(forward), close };
};

const { timed, close } = await (kind === 'training' ? training() : inference());
for (let i = 0; i < 2; i++) await timed();
console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) console.log(await timed());
await close();
