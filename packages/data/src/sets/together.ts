/** Many small reads: a few at a time, results in order. */

const lanes = 8;

/** `f` over all items, at most eight at a time; results in the order of the items. */
export const mapTogether = async <A, B>(items: readonly A[], f: (item: A, i: number) => Promise<B>): Promise<B[]> => {
  const results = new Array<B>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      results[i] = await f(items[i], i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
};
