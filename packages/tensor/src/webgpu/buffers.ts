/** Device memory: buffers that are used again, and refusals of the driver as errors. */
import type { DType, HostArray } from '../shape.ts';
import { TooLargeError } from './errors.ts';

export const align = (bytes: number): number => Math.max(16, Math.ceil(bytes / 16) * 16);

export const hostArray = (dtype: DType, buffer: ArrayBuffer, length: number): HostArray =>
  dtype === 'f32'
    ? new Float32Array(buffer, 0, length)
    : dtype === 'i32'
      ? new Int32Array(buffer, 0, length)
      : new Uint32Array(buffer, 0, length);

/** Buffers by size, used again: a training step asks for the same ones every time. */
export class Pool {
  private readonly device: GPUDevice;
  private readonly usage: GPUBufferUsageFlags;
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly all = new Set<GPUBuffer>();
  constructor(device: GPUDevice, usage: GPUBufferUsageFlags) {
    this.device = device;
    this.usage = usage;
  }
  take(bytes: number): GPUBuffer {
    const size = align(bytes);
    const known = this.free.get(size)?.pop();
    if (known) return known;
    const buffer = this.device.createBuffer({ size, usage: this.usage });
    this.all.add(buffer);
    return buffer;
  }
  give(buffer: GPUBuffer): void {
    const list = this.free.get(buffer.size);
    if (list) list.push(buffer);
    else this.free.set(buffer.size, [buffer]);
  }
  /** Of a buffer that is of no more use; work that has been enqueued is done with it first. */
  destroy(buffer: GPUBuffer): void {
    this.all.delete(buffer);
    buffer.destroy();
  }
  bytes(): number {
    return [...this.all].reduce((sum, { size }) => sum + size, 0);
  }
}

/** One user's share of the scratch memory. */
export type Room = {
  /** The buffer of size `i`; another one after somebody needed a larger. */
  readonly at: (i: number) => GPUBuffer;
  /** Once it is sure that there is room: gives up what has been replaced, */
  readonly keep: () => void;
  /** or there is none: as it was before. */
  readonly undo: () => void;
  readonly release: () => void;
};

/**
 * Scratch memory of all programs of a device, which run one after the other: the largest buffer of each serves as the
 * largest of all, and so on. A program that needs more than those before makes them grow; the largest comes first, then.
 */
export class Scratch {
  private readonly pool: Pool;
  private readonly buffers: GPUBuffer[] = [];
  private users = 0;
  constructor(pool: Pool) {
    this.pool = pool;
  }
  /** Room for buffers of these sizes, for one more user. */
  reserve(sizes: readonly number[]): Room {
    const ranks = new Array<number>(sizes.length);
    const grown: { readonly rank: number; readonly before: GPUBuffer | undefined }[] = [];
    const bySize = sizes.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a]);
    bySize.forEach((i, rank) => {
      ranks[i] = rank;
      const before = this.buffers[rank];
      if (before && before.size >= sizes[i]) return;
      grown.push({ rank, before });
      this.buffers[rank] = this.pool.take(sizes[i]);
    });
    this.users++;
    return {
      at: (i) => this.buffers[ranks[i]],
      keep: () => {
        for (const { before } of grown) if (before) this.pool.destroy(before);
      },
      undo: () => {
        for (const { rank, before } of grown.reverse()) {
          this.pool.destroy(this.buffers[rank]);
          if (before) this.buffers[rank] = before;
          else this.buffers.length = rank;
        }
        this.users--;
      },
      release: () => {
        this.users--;
        if (this.users === 0) for (const buffer of this.buffers.splice(0)) this.pool.destroy(buffer);
      },
    };
  }
}

/** What `f` asks of the device; what the driver refuses is thrown. */
export const guarded = async <T>(device: GPUDevice, f: () => Promise<T> | T): Promise<T> => {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let result: T;
  try {
    result = await f();
  } catch (error) {
    await device.popErrorScope();
    await device.popErrorScope();
    throw error;
  }
  const [invalid, full] = [await device.popErrorScope(), await device.popErrorScope()];
  if (full) throw new TooLargeError(`The adapter is out of memory: ${full.message.split('\n')[0]}`);
  if (invalid) throw new Error(invalid.message);
  return result;
};
