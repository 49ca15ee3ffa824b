/**
 * Memory of batches that were given back, for the next ones: fresh megabytes for every batch cost page faults, and make
 * the collector run once a batch, which takes a fifth of a picture's time.
 */

/** So many are kept; more only wait. */
const most = 4;

export class Spares {
  #kept: ArrayBuffer[] = [];

  /** Room for `length` floats. What it holds is left over from before. */
  take(length: number): Float32Array<ArrayBuffer> {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    const fitting = this.#kept.findIndex(({ byteLength }) => byteLength === bytes);
    return fitting < 0 ? new Float32Array(length) : new Float32Array(this.#kept.splice(fitting, 1)[0]);
  }

  /** The oldest goes first, so that a change of size does not fill the room with what no longer fits. */
  give(memory: ArrayBuffer): void {
    this.#kept = [...this.#kept, memory].slice(-most);
  }
}
