/** The two average precisions of VOC, from the hits of a curve. */
import type { Hits } from '../core/hits.ts';

/** `07`: mean over eleven recalls (until 2009). `area`: area under the falling envelope (from 2010). */
export type VocRule = '07' | 'area';

/** numpy's arange(0, 1.1, 0.1), products: the fourth is 0.30000000000000004, which a recall of 3/10 does not reach. */
const elevenRecalls: readonly number[] = /* @__PURE__ */ Array.from({ length: 11 }, (_, i) => i * 0.1);

/** `envelope[c]`: the best precision at or after the c-th hit. */
const envelopeOf = ({ count, counted }: Hits): Float64Array => {
  const envelope = new Float64Array(count);
  let best = 0;
  for (let c = count - 1; c >= 0; c--) {
    best = Math.max(best, (c + 1) / Math.max(counted[c], Number.EPSILON));
    envelope[c] = best;
  }
  return envelope;
};

export const averagePrecision: { readonly [R in VocRule]: (hits: Hits, positives: number) => number } = {
  '07': (hits, positives) => {
    const envelope = envelopeOf(hits);
    let sum = 0;
    let c = 0;
    for (const recall of elevenRecalls) {
      while (c < hits.count && (c + 1) / positives < recall) c++;
      sum += (c < hits.count ? envelope[c] : 0) / 11;
    }
    return sum;
  },
  area: (hits, positives) => {
    const envelope = envelopeOf(hits);
    let sum = 0;
    for (let c = 0; c < hits.count; c++) sum += ((c + 1) / positives - c / positives) * envelope[c];
    return sum;
  },
};
