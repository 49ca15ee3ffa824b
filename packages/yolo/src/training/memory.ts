/** Steps that a device has no room for, and what would fit. */
import { TooLargeError } from '@gdarknet/tensor';
import type { NetConfig } from '../darknet/config.ts';

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** A step takes more of the device than it may. */
export class StepMemoryError extends Error {
  override readonly name = 'StepMemoryError';
  constructor(width: number, height: number, images: number, least: number, memory: number) {
    super(
      `A step of ${images} image${images === 1 ? '' : 's'} of ${width} x ${height} takes ${mebibytes(least)} at least and may take ${mebibytes(memory)}: allow more, or give more subdivisions or a smaller input.`,
    );
  }
}

const fittingCfg = ({ batch, subdivisions }: NetConfig, part: number, times: number): string => {
  const images = Math.floor(part / times);
  const fitting = Array.from({ length: batch }, (_, i) => i + 1).find((n) => batch % n === 0 && batch / n <= images);
  return fitting === undefined
    ? 'not even one image at a time fits: give a smaller width and height'
    : `subdivisions=${fitting} would fit (the cfg has ${subdivisions})`;
};

/** What a device refuses because of its size, with a cfg that it would take; `part` images are worked on at a time. */
export const withAdvice = <A>(net: NetConfig, part: number, work: Promise<A>): Promise<A> =>
  work.catch((error: unknown) => {
    if (!(error instanceof TooLargeError) || error.times === undefined) throw error;
    throw new TooLargeError(`${error.message} Here ${fittingCfg(net, part, error.times)}.`, error.times);
  });
