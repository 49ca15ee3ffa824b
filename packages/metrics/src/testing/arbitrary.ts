/** Random data sets for property tests: few images, coarse boxes and scores, so that ties, exact thresholds and crowds are common. */
import fc from 'fast-check';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';

export interface SmallCoco {
  readonly truth: CocoInstances;
  readonly found: readonly CocoDetection[];
}

const side = fc.constantFrom(8, 16, 32, 64, 96, 128);
const corner = fc.constantFrom(0, 4, 8, 16);
const box = fc.tuple(corner, corner, side, side);
/** The boundaries of COCO's area ranges, and their neighbours. */
const area = fc.option(fc.constantFrom(1023, 1024, 1025, 9215, 9216, 9217), { nil: undefined });

export const smallCoco: fc.Arbitrary<SmallCoco> = fc.integer({ min: 1, max: 6 }).chain((images) => {
  const image_id = fc.integer({ min: 1, max: images }).map((i) => 7 * ((i * 5) % 11));
  const category_id = fc.integer({ min: 1, max: 3 });
  const annotation = fc.record({
    image_id,
    category_id,
    bbox: box,
    area,
    iscrowd: fc.constantFrom(0, 0, 0, 1),
  });
  const detection = fc.record({
    image_id,
    category_id: fc.integer({ min: 1, max: 4 }),
    bbox: box,
    score: fc.constantFrom(0.1, 0.2, 0.5, 0.5, 0.9, 1),
  });
  return fc
    .tuple(fc.array(annotation, { maxLength: 14 }), fc.array(detection, { maxLength: 30 }))
    .map(([annotations, found]) => ({
      truth: {
        images: Array.from({ length: images }, (_, i) => ({ id: 7 * (((i + 1) * 5) % 11) })),
        annotations: annotations.map((row, i) => ({ ...row, id: i + 1 })),
        categories: [{ id: 3 }, { id: 1 }, { id: 2 }],
      },
      found,
    }));
});
