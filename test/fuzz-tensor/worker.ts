/** A process that runs programs on devices: it may trap, hang or end, and the fuzz goes on. */
import type { Device } from '../../packages/tensor/src/index.ts';
import * as T from '../../packages/tensor/src/index.ts';
import { judge, type Verdict } from './judge.ts';
import { judgeMisuse, type Misuse } from './misuse.ts';
import type { DeviceKey, Program } from './program.ts';

export type Task =
  | { readonly kind: 'program'; readonly program: Program; readonly fresh: boolean }
  | { readonly kind: 'misuse'; readonly misuse: Misuse; readonly device: DeviceKey };
export type Answer = { readonly verdict: Verdict; readonly memory: number; readonly resident: number };

/** Programs on one device before it is closed and opened again. */
const life: { readonly [N in DeviceKey['name']]: number } = { reference: 1000, wasm: 250, webgpu: 400 };

const openers: { readonly [N in DeviceKey['name']]: (key: DeviceKey) => Promise<Device> } = {
  reference: async () => T.openReference(),
  wasm: ({ threads }) => T.openWasm({ threads }),
  webgpu: async () => {
    const { swiftshader } = await import('../swiftshader.ts');
    if (swiftshader) throw new Error(swiftshader);
    return T.openDevice('webgpu');
  },
};

type Open = { device: Device; runs: number };
const open = new Map<string, Open>();

const discard = async (name: string): Promise<void> => {
  const known = open.get(name);
  open.delete(name);
  await known?.device.close();
};

const deviceFor = async (key: DeviceKey, fresh: boolean): Promise<Open> => {
  const name = `${key.name} ${key.threads}`;
  const known = open.get(name);
  if (known && (fresh || known.runs >= life[key.name])) await discard(name);
  // Of the wasm devices only one at a time: each keeps its memory.
  if (!open.has(name)) {
    for (const other of [...open.keys()]) if (key.name === 'wasm' && other.startsWith('wasm')) await discard(other);
    open.set(name, { device: await openers[key.name](key), runs: 0 });
  }
  return open.get(name)!;
};

/** Now and then a program again and again: what it takes it must give back. */
const judgeHeld = async ({ device, runs }: Open, program: Program): Promise<Verdict> => {
  const first = await judge(device, program);
  if (runs % 50 !== 0 || first.kind !== 'right' || device.memory === undefined) return first;
  await judge(device, program);
  const before = device.memory();
  await judge(device, program);
  const after = device.memory();
  return after > before
    ? { kind: 'wrong', reason: `memory grows with each run, from ${before} to ${after} bytes` }
    : first;
};

const perform = async (task: Task): Promise<Answer> => {
  const key = task.kind === 'program' ? task.program.device : task.device;
  const held = await deviceFor(key, task.kind === 'program' && (task.fresh || task.program.run.fresh));
  held.runs++;
  const verdict =
    task.kind === 'program'
      ? await judgeHeld(held, task.program)
      : await judgeMisuse(held.device, key, task.misuse, openers[key.name]);
  const memory = held.device.memory?.() ?? 0;
  // A device that has been wrong once may have been spoiled.
  if (verdict.kind === 'wrong' || task.kind === 'misuse') await discard(`${key.name} ${key.threads}`).catch(() => {});
  return { verdict, memory, resident: process.memoryUsage.rss() };
};

if (process.send) {
  process.on('message', async (task: Task) => {
    process.send?.(await perform(task));
  });
  process.on('unhandledRejection', (error) => {
    console.error('unhandled', error);
    process.exit(7);
  });
}
