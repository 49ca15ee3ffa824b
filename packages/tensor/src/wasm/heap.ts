/** One block of WebAssembly memory and who has which part of it. */
import { type DType, dtypeOf, type HostArray } from '../shape.ts';

const page = 65536;
/** Of every block, in bytes. */
export const alignment = 64;
/** Kernels read a little beyond the end of their operands; the memory always reaches further than what is handed out. */
const slack = 1 << 20;
/** Words of control for the threads lie at the start. */
const reserved = 4096;

export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  private top = reserved;
  private readonly sizes = new Map<number, number>();
  private readonly free = new Map<number, number[]>();

  constructor(shared: boolean) {
    this.shared = shared;
    this.memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared });
  }

  /** Byte address, a multiple of 64. Blocks of one size are used again; a training step asks for the same ones. */
  allocate(bytes: number): number {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    const reused = this.free.get(size)?.pop();
    if (reused !== undefined) return reused;
    const at = this.top;
    const end = at + size;
    const missing = end + slack - this.memory.buffer.byteLength;
    if (missing > 0) {
      // Grow by an eighth at least, so that many small blocks do not mean many small steps.
      const wanted = Math.max(missing, this.memory.buffer.byteLength >> 3);
      const pages = Math.min(Math.ceil(wanted / page), 65536 - this.memory.buffer.byteLength / page);
      try {
        if (pages * page < missing) throw new RangeError('full');
        this.memory.grow(pages);
      } catch {
        throw new OutOfMemoryError(
          `The wasm device has no room for ${bytes} more bytes: ${at} of at most 4 GiB are taken. Use smaller batches, a smaller network input, or more subdivisions.`,
        );
      }
    }
    this.top = end;
    this.sizes.set(at, size);
    return at;
  }

  /** Bytes that have been handed out at one time or another. */
  used(): number {
    return this.top;
  }

  release(at: number): void {
    const size = this.sizes.get(at);
    if (size === undefined) return;
    const list = this.free.get(size);
    if (list) list.push(at);
    else this.free.set(size, [at]);
  }

  array(at: number, dtype: DType, length: number): HostArray {
    const { buffer } = this.memory;
    if (dtype === 'f32') return new Float32Array(buffer, at, length);
    return dtype === 'i32' ? new Int32Array(buffer, at, length) : new Uint32Array(buffer, at, length);
  }

  place(data: HostArray): number {
    const at = this.allocate(data.byteLength);
    this.array(at, dtypeOf(data), data.length).set(data);
    return at;
  }
}
