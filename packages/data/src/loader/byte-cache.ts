/** Keeps values within a budget of bytes; the least recently used one goes first. */
export class ByteCache<V> {
  readonly #budget: number;
  readonly #sizeOf: (value: V) => number;
  readonly #values = new Map<number, V>();
  #used = 0;

  constructor(budget: number, sizeOf: (value: V) => number) {
    this.#budget = budget;
    this.#sizeOf = sizeOf;
  }

  get usedBytes(): number {
    return this.#used;
  }

  get(key: number): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    // A Map keeps the order of insertion: putting a value in again makes it the youngest.
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  /** A value larger than the whole budget is not kept. */
  set(key: number, value: V): void {
    const size = this.#sizeOf(value);
    if (size > this.#budget || this.#values.has(key)) return;
    this.#values.set(key, value);
    this.#used += size;
    for (const [oldKey, old] of this.#values) {
      if (this.#used <= this.#budget) return;
      this.#values.delete(oldKey);
      this.#used -= this.#sizeOf(old);
    }
  }
}
