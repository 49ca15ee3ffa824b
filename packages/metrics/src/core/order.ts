/** Stable orders of columns, faster than `sort` with a comparison function and the same on every engine. */

/**
 * Orders `index[from..to)` in place by descending `keys[index]` (merge sort): equal keys keep their order, NaN comes last.
 * `scratch` is as long as `index`.
 */
export const orderDescending = (
  index: Uint32Array,
  keys: Float64Array,
  scratch: Uint32Array,
  from: number,
  to: number,
): void => {
  if (to - from < 12) {
    for (let i = from + 1; i < to; i++) {
      const item = index[i];
      const key = keys[item];
      let j = i - 1;
      while (j >= from && (keys[index[j]] < key || (Number.isNaN(keys[index[j]]) && !Number.isNaN(key)))) {
        index[j + 1] = index[j];
        j--;
      }
      index[j + 1] = item;
    }
    return;
  }
  const middle = (from + to) >>> 1;
  orderDescending(index, keys, scratch, from, middle);
  orderDescending(index, keys, scratch, middle, to);
  scratch.set(index.subarray(from, middle), from);
  let left = from;
  let right = middle;
  let out = from;
  while (left < middle) {
    const a = keys[scratch[left]];
    const b = right < to ? keys[index[right]] : Number.NaN;
    const rightFirst = right < to && (b > a || (Number.isNaN(a) && !Number.isNaN(b)));
    index[out++] = rightFirst ? index[right++] : scratch[left++];
  }
};

const positions = (length: number): Uint32Array => {
  const index = new Uint32Array(length);
  for (let i = 0; i < length; i++) index[i] = i;
  return index;
};

/** The positions of `keys` from the largest key to the smallest; equal keys in their order, NaN last. */
export const descending = (keys: Float64Array): Uint32Array => {
  const index = positions(keys.length);
  orderDescending(index, keys, new Uint32Array(keys.length), 0, keys.length);
  return index;
};

/** `[bucket + 1]`: where each bucket starts when the positions are ordered by bucket. */
export const startsOf = (bucket: Uint32Array, buckets: number): Uint32Array => {
  const start = new Uint32Array(buckets + 1);
  for (let i = 0; i < bucket.length; i++) start[bucket[i] + 1]++;
  for (let i = 0; i < buckets; i++) start[i + 1] += start[i];
  return start;
};

/** One pass of a radix sort: `index` reordered by `bucket[index[i]]` ascending, stable. */
const scatter = (index: Uint32Array, bucket: Uint32Array, buckets: number): Uint32Array => {
  const next = startsOf(bucket, buckets);
  const out = new Uint32Array(index.length);
  for (let i = 0; i < index.length; i++) {
    const item = index[i];
    out[next[bucket[item]]++] = item;
  }
  return out;
};

/** Positions ordered by `bucket`, then position. */
export const bucketed = (bucket: Uint32Array, buckets: number): Uint32Array =>
  scatter(positions(bucket.length), bucket, buckets);

/** Positions ordered by `major`, then `minor` (both below their counts), then position. */
export const grouped = (major: Uint32Array, majors: number, minor: Uint32Array, minors: number): Uint32Array =>
  scatter(bucketed(minor, minors), major, majors);
