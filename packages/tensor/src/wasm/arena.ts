/**
 * What a run forgets. Runs follow each other, so that all plans of a device share one block, as large as the largest needs:
 * scratch values, then each thread's own scratch, then the temporaries of a step.
 */
import { alignment, type Heap } from './heap.ts';
import type { Lowered, Word } from './lowering.ts';

export type Arena = {
  /** Byte address; another one after a plan needed more. */
  readonly at: () => number;
  readonly reserve: (bytes: number, purpose: () => string) => void;
};

export const openArena = (heap: Heap): Arena => {
  let block = { at: 0, bytes: 0 };
  const take = (bytes: number, purpose?: () => string): void => {
    block = { at: heap.allocate(bytes, purpose), bytes };
  };
  return {
    at: () => block.at,
    reserve: (bytes, purpose) => {
      if (bytes <= block.bytes) return;
      const before = block;
      if (before.bytes > 0) heap.release(before.at);
      try {
        take(bytes, purpose);
      } catch (error) {
        // The plans that are there need what they had, and there is room for it.
        if (before.bytes > 0) take(before.bytes);
        throw error;
      }
    },
  };
};

const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Offsets into the arena. */
export type Layout = {
  readonly bytes: number;
  readonly offsetOf: (word: Extract<Word, { temporary: number } | { scratch: true }>) => number;
};

/** The places of a plan with so many bytes of scratch values; the temporaries of a step lie where those of any other do. */
export const layOut = (scratchBytes: number, { temporaries, perThread }: Lowered, threads: number): Layout => {
  const ownScratch = align(scratchBytes);
  const shared = ownScratch + align(perThread * threads * 4);
  let [bytes, step, next] = [shared, -1, shared];
  const offsets = temporaries.map((temporary) => {
    if (temporary.step !== step) [next, step] = [shared, temporary.step];
    const at = next;
    next += align(temporary.floats * 4);
    bytes = Math.max(bytes, next);
    return at;
  });
  return { bytes, offsetOf: (word) => ('temporary' in word ? offsets[word.temporary] : ownScratch) };
};
