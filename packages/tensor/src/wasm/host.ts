/** Steps over a few hundred numbers, which plain loops on the calling thread do best. */
import type { Program, Step, ValueId } from '../plan/program.ts';
import { sizeOf } from '../shape.ts';
import type { Heap } from './heap.ts';

/** `address` gives the byte address of a value. */
export type HostStep = (heap: Heap, address: (value: ValueId) => number) => void;

type Small = Extract<Step, { kind: 'gather' | 'scatterAdd' }>;

export const hostStep = (step: Small, program: Program): HostStep => {
  const array = (heap: Heap, address: (value: ValueId) => number, id: ValueId) => {
    const { dtype, shape } = program.values[id];
    return heap.array(address(id), dtype, sizeOf(shape));
  };
  switch (step.kind) {
    case 'gather': {
      const { outer, size, count, inner } = step;
      return (heap, address) => {
        const [x, indices, out] = [step.x, step.indices, step.out].map((id) => array(heap, address, id));
        for (let a = 0; a < outer; a++) {
          for (let k = 0; k < count; k++) {
            const from = indices[k];
            const to = (a * count + k) * inner;
            if (from < 0 || from >= size) out.fill(0, to, to + inner);
            else for (let e = 0; e < inner; e++) out[to + e] = x[(a * size + from) * inner + e];
          }
        }
      };
    }
    case 'scatterAdd': {
      const { outer, size, count, inner } = step;
      return (heap, address) => {
        const [updates, indices, out] = [step.updates, step.indices, step.out].map((id) => array(heap, address, id));
        out.fill(0);
        for (let a = 0; a < outer; a++) {
          for (let k = 0; k < count; k++) {
            const to = indices[k];
            if (to < 0 || to >= size) continue;
            for (let e = 0; e < inner; e++) out[(a * size + to) * inner + e] += updates[(a * count + k) * inner + e];
          }
        }
      };
    }
  }
};
