/**
 * The accumulators as monoids of fp-ts: `concatAll`, `foldMap`, `struct` and the rest take them as they are. Only types
 * come from fp-ts, so importing this file loads nothing of it.
 */
import type { Monoid } from 'fp-ts/lib/Monoid.js';
import type { CocoPart } from './coco/accumulator.ts';
import { cocoAccumulator } from './coco/accumulator.ts';
import type { VocPart } from './voc/accumulator.ts';
import { vocAccumulator } from './voc/accumulator.ts';

/**
 * Parts of COCO evaluations. A part knows neither categories nor options, so one instance serves every accumulator.
 * Parts with an image in common merge too, and `finish` refuses the result.
 */
export const cocoMonoid: Monoid<CocoPart> = /* @__PURE__ */ cocoAccumulator([]);

/** Parts of VOC evaluations, as `cocoMonoid`. */
export const vocMonoid: Monoid<VocPart> = /* @__PURE__ */ vocAccumulator([]);
