/** Tensors that lie in device memory: who owns it, until when, and whether it may be used. */
import type { Buffer, Device, Run, Stored } from './device.ts';
import { TensorError } from './errors.ts';
import { node, type Tensor } from './tensor.ts';
import { leavesOf } from './tree.ts';

/** Devices in the midst of a run, with its end. */
const underWay = new WeakMap<Device, Promise<void>>();

/** Waits for a device, and keeps it until what this gives is called. */
export const occupy = async (device: Device): Promise<() => void> => {
  while (underWay.has(device)) await underWay.get(device);
  let end = (): void => {};
  underWay.set(
    device,
    new Promise((resolve) => {
      end = resolve;
    }),
  );
  return () => {
    underWay.delete(device);
    end();
  };
};

/** As soon as the device is in no run any more: at once, where it is in none. */
export const whenIdle = (device: Device, f: () => void): void => {
  const run = underWay.get(device);
  if (run === undefined) f();
  else void run.then(() => whenIdle(device, f));
};

export const complete = (run: Run): readonly Buffer[] => {
  while (run.advance());
  return run.results;
};

/** Device memory is given back when nothing refers to it any more: no tensor, no expression, no plan that captured it. */
const orphans = new FinalizationRegistry<Pick<Stored, 'device' | 'buffer'>>(({ device, buffer }) =>
  whenIdle(device, () => device.free(buffer)),
);

/** The buffer as a tensor, which owns it. */
export const wrap = (device: Device, buffer: Buffer): Tensor => {
  const value: Stored = { device, buffer };
  orphans.register(value, { device, buffer }, value);
  return node({ kind: 'stored', value }, [], buffer.shape, buffer.dtype);
};

/** The call that follows takes the memory over. */
export const donate = (stored: Stored): void => {
  orphans.unregister(stored);
  stored.gone = 'donated';
};

/** Gives the device memory of every tensor of a tree back at once. Optional: unreachable tensors are freed anyway. */
export const free = (tree: unknown): void => {
  for (const { op } of leavesOf<Tensor>(tree)) {
    if (op.kind !== 'stored' || op.value.gone) continue;
    const { value } = op;
    orphans.unregister(value);
    value.gone = 'freed';
    whenIdle(value.device, () => value.device.free(value.buffer));
  }
};

/** A tensor that `op` is to use on a device as `what`, or an error that says why it cannot be. */
export const usable = (stored: Stored, device: Device, op: string, what = 'the tensor'): Stored => {
  if (stored.gone === 'donated')
    throw new TensorError(op, `${what} was donated to an earlier call and is gone; use the result of that call`);
  if (stored.gone === 'freed') throw new TensorError(op, `${what} was freed and is gone; compute it again`);
  if (stored.device !== device) {
    const { name } = stored.device;
    const of = name === device.name ? `another ${name} device` : `the ${name} device`;
    throw new TensorError(op, `${what} lies on ${of} and was given to the ${device.name} device; read it there first`);
  }
  return stored;
};
