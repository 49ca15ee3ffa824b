/** Whether a device can be used: it is open, closed, or lost. Every call on a device passes this one door. */
import type { Device } from './device.ts';

/** The device failed; nothing on it can be used any more. `cause` is what happened. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
}

/** The device was closed, and with it every tensor on it. */
export class DeviceClosedError extends Error {
  override readonly name = 'DeviceClosedError';
}

export type Life = {
  /** Throws where the device cannot be used, and says why. */
  readonly check: () => void;
  /** From now on every call is refused, for this reason; the first reason stays. */
  readonly lose: (error: Error) => void;
  readonly isClosed: () => boolean;
  /** The device has been closed. */
  readonly end: () => void;
};

export const lifeOf = (name: Device['name']): Life => {
  let [failure, closed] = [undefined as Error | undefined, false];
  return {
    check: () => {
      if (closed)
        throw new DeviceClosedError(`This ${name} device was closed, and its tensors are gone; open a new one.`);
      if (failure) throw failure;
    },
    lose: (error) => {
      failure ??= error;
    },
    isClosed: () => closed,
    end: () => {
      closed = true;
    },
  };
};
