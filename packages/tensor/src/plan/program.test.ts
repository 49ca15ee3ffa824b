import { expect, it } from 'vitest';
import type { ReadsOf, ValueId } from './program.ts';

type Planted = {
  readonly kind: 'planted';
  readonly key: ValueId;
  readonly seed: ValueId;
  readonly count: number;
  readonly out: ValueId;
};

it('a step whose operand the planner does not know does not compile', () => {
  const whole: ReadsOf<Planted> = { key: 'value', seed: 'value' };
  // @ts-expect-error an operand is missing: it would be overwritten while the step needs it
  const missing: ReadsOf<Planted> = { key: 'value' };
  // @ts-expect-error a size is no operand
  const size: ReadsOf<Planted> = { key: 'value', seed: 'value', count: 'value' };
  expect([whole, missing, size].map((reads) => Object.keys(reads).length)).toEqual([2, 1, 3]);
});
