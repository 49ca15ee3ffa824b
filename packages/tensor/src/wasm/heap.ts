/** One block of WebAssembly memory and who has which part of it. */
import { type DType, dtypeOf, type HostArray } from '../shape.ts';

const page = 65536;
const mostPages = 65536;
/** Of every block, in bytes. */
export const alignment = 64;
/** Kernels read a little beyond the end of their operands; the memory always reaches further than what is handed out. */
const leastSlack = 1 << 20;
/** Words of control for the threads lie at the start. */
const reserved = 4096;

const gigabytes = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** The wasm device has no room for `bytes` more; `taken` are in use. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
  readonly bytes: number;
  readonly taken: number;
  constructor(bytes: number, taken: number, purpose: string) {
    super(
      `The wasm device has no room for ${gigabytes(bytes)} more ${purpose}: ${gigabytes(taken)} of at most 4 GiB are taken. Free tensors that are not needed, or work on smaller parts.`,
    );
    this.bytes = bytes;
    this.taken = taken;
  }
}

type Block = { readonly at: number; readonly size: number };

export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  private top = reserved;
  private slack = leastSlack;
  private taken = 0;
  private readonly sizes = new Map<number, number>();
  private readonly free = new Map<number, number[]>();

  constructor(shared: boolean) {
    this.shared = shared;
    this.memory = new WebAssembly.Memory({ initial: 64, maximum: mostPages, shared });
  }

  /**
   * Byte address, a multiple of 64. Blocks of one size are used again (a training step asks for the same ones); before the
   * memory grows, free neighbours become one block.
   */
  allocate(bytes: number, purpose: () => string = () => ''): number {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    let at = this.free.get(size)?.pop();
    if (at === undefined && this.top + size + this.slack > this.memory.buffer.byteLength) at = this.fromMerged(size);
    if (at === undefined) {
      if (!this.reach(this.top + size + this.slack)) throw new OutOfMemoryError(bytes, this.taken, purpose());
      at = this.top;
      this.top += size;
    }
    this.sizes.set(at, size);
    this.taken += size;
    return at;
  }

  /** From now on kernels may read so many bytes beyond any block. */
  readBeyond(bytes: number): void {
    if (bytes <= this.slack) return;
    if (!this.reach(this.top + bytes)) throw new OutOfMemoryError(bytes, this.taken, 'beyond the last value');
    this.slack = bytes;
  }

  /** Grows by an eighth at least, so that many small blocks do not mean many small steps; false where there is no room. */
  private reach(end: number): boolean {
    const { byteLength } = this.memory.buffer;
    const missing = end - byteLength;
    if (missing <= 0) return true;
    const pages = Math.ceil(Math.max(missing, byteLength >> 3) / page);
    const left = mostPages - byteLength / page;
    if (Math.ceil(missing / page) > left) return false;
    try {
      this.memory.grow(Math.min(pages, left));
      return true;
    } catch {
      return false;
    }
  }

  /** A part of the smallest block of merged neighbours that is large enough. */
  private fromMerged(size: number): number | undefined {
    const merged = this.merge();
    let best: Block | undefined;
    for (const block of merged) if (block.size >= size && (best === undefined || block.size < best.size)) best = block;
    this.free.clear();
    for (const { at, size: all } of merged) {
      const used = at === best?.at ? size : 0;
      if (all > used) this.give(at + used, all - used);
    }
    return best?.at;
  }

  /** All free blocks, neighbours as one; what is free at the end is not a block any more. */
  private merge(): Block[] {
    const blocks = [...this.free].flatMap(([size, places]) => places.map((at): Block => ({ at, size })));
    blocks.sort((a, b) => a.at - b.at);
    const merged: Block[] = [];
    for (const { at, size } of blocks) {
      const last = merged.at(-1);
      if (last !== undefined && last.at + last.size === at)
        merged[merged.length - 1] = { at: last.at, size: last.size + size };
      else merged.push({ at, size });
    }
    const last = merged.at(-1);
    if (last !== undefined && last.at + last.size === this.top) {
      this.top = last.at;
      merged.pop();
    }
    return merged;
  }

  private give(at: number, size: number): void {
    const list = this.free.get(size);
    if (list) list.push(at);
    else this.free.set(size, [at]);
  }

  /** Bytes up to the last one that has been handed out. */
  used(): number {
    return this.top;
  }

  release(at: number): void {
    const size = this.sizes.get(at);
    if (size === undefined) return;
    this.sizes.delete(at);
    this.taken -= size;
    this.give(at, size);
  }

  array(at: number, dtype: DType, length: number): HostArray {
    const { buffer } = this.memory;
    if (dtype === 'f32') return new Float32Array(buffer, at, length);
    return dtype === 'i32' ? new Int32Array(buffer, at, length) : new Uint32Array(buffer, at, length);
  }

  place(data: HostArray): number {
    const at = this.allocate(data.byteLength, () => 'for given values');
    this.array(at, dtypeOf(data), data.length).set(data);
    return at;
  }
}
