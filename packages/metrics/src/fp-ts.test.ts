import fc from 'fast-check';
import * as A from 'fp-ts/lib/Array.js';
import { concatAll, struct } from 'fp-ts/lib/Monoid.js';
import { describe, expect, it } from 'vitest';
import { cocoMonoid, vocMonoid } from './fp-ts.ts';
import type { Id } from './index.ts';
import { cocoAccumulator, evaluateCoco, vocAccumulator } from './index.ts';
import { smallCoco } from './testing/arbitrary.ts';

describe('accumulators in fp-ts', () => {
  it('foldMap over the images is the evaluation of the whole, to the bit', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const { shard, finish } = cocoAccumulator(truth.categories);
        const of = <R extends { readonly image_id: Id }>(rows: readonly R[], id: Id): readonly R[] =>
          rows.filter((row) => row.image_id === id);
        const part = A.foldMap(cocoMonoid)((image: { readonly id: Id }) =>
          shard({ images: [image], annotations: of(truth.annotations, image.id) }, of(found, image.id)),
        )([...truth.images]);
        expect(finish(part).precision).toEqual(evaluateCoco(truth, found).precision);
      }),
    );
  });

  it('the laws: empty on either side, and any nesting', () => {
    fc.assert(
      fc.property(smallCoco, ({ truth, found }) => {
        const { shard, finish } = cocoAccumulator(truth.categories);
        const [a, b, c] = [0, 1, 2].map((k) => {
          const images = truth.images.filter((_, i) => i % 3 === k);
          return shard({ images, annotations: truth.annotations }, found);
        }) as [ReturnType<typeof shard>, ReturnType<typeof shard>, ReturnType<typeof shard>];
        const { concat, empty } = cocoMonoid;
        const bits = (part: typeof a) => finish(part).precision;
        expect(bits(concat(empty, a))).toEqual(bits(a));
        expect(bits(concat(a, empty))).toEqual(bits(a));
        expect(bits(concat(concat(a, b), c))).toEqual(bits(concat(a, concat(b, c))));
      }),
      { numRuns: 30 },
    );
  });

  it('both kinds side by side', () => {
    const both = struct({ coco: cocoMonoid, voc: vocMonoid });
    const voc = vocAccumulator(['cat']);
    const annotation = { image: 'a', objects: [{ name: 'cat', box: [0, 0, 9, 9] }] };
    const seen = { coco: cocoMonoid.empty, voc: voc.shard([annotation], []) };
    expect(voc.finish(concatAll(both)([seen, both.empty]).voc).withoutObjects).toEqual([]);
  });
});
