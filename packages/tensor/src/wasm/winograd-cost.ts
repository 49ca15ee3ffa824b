/** What a convolution by Winograd's tiles costs, and how it is cut up for caches and threads: a model of this kind of core. */
import type { Tile } from './gemm.ts';
import type { Geometry } from './patches.ts';
import type { Variant } from './winograd-transform.ts';

/** Products of one tile for a channel and a filter. */
export const squares = (v: Variant): number => (v.m + 2) ** 2;
const tilesOf = (v: Variant, g: Geometry): number => g.n * Math.ceil(g.oh / v.m) * Math.ceil(g.ow / v.m);

/** What an item's arrays may take of a core's cache, and what comes from beyond it, in bytes and bytes a second. */
const cache = { bytes: 7 << 18, rate: 15e9 } as const;

/** Seconds of the parts of a convolution on one thread; for choosing, not for telling. */
const timeOf = (v: Variant, channels: number, filters: number, tiles: number) => {
  const size = 4 * squares(v) * channels * filters;
  return {
    products: (squares(v) * tiles * channels * filters) / 48e9,
    images: (squares(v) * tiles * channels) / 3e9,
    results: (1.5 * squares(v) * tiles * filters) / 3e9,
    weights: size > cache.bytes / 2 ? size / cache.rate : 0,
    size,
  };
};

/**
 * Tiles worked on together, and the strips of filters that one item takes of all of them: every block reads the filters
 * again, every strip transforms the image again, and the threads should end together.
 */
export const blocking = (v: Variant, g: Geometry, filters: number, { rows, columns }: Tile, threads: number) => {
  const total = tilesOf(v, g);
  const panels = Math.ceil(filters / columns);
  const strips =
    filters % columns === 0 ? Array.from({ length: panels }, (_, i) => i + 1).filter((d) => panels % d === 0) : [1];
  let best = { time: Number.POSITIVE_INFINITY, block: 0, chunks: 1 };
  const most = Math.min(Math.ceil(total / rows), Math.ceil(256 / rows));
  for (let tall = Math.min(most, Math.ceil(12 / rows)); tall <= most; tall++) {
    const block = tall * rows;
    const blocks = Math.ceil(total / block);
    for (const chunks of strips) {
      const width = (panels / chunks) * columns;
      const { products, images, results, weights } = timeOf(v, g.c, width, block);
      const beyond = Math.max(0, 4 * squares(v) * block * (g.c + width) - cache.bytes);
      const item = products + images + results + weights + (2 * beyond) / cache.rate;
      const time = item * Math.ceil((blocks * chunks) / threads);
      if (time < best.time) best = { time, block, chunks };
    }
  }
  const { block, chunks } = best;
  return { block, blocks: Math.ceil(total / block), chunks, panels: panels / chunks, total };
};

/** What a convolution takes on one thread. `once`: the filter is transformed ahead. */
export const seconds = (v: Variant, g: Geometry, filters: number, once: boolean): number => {
  const { products, images, results, size } = timeOf(v, g.c, filters, tilesOf(v, g));
  return products + images + results + size / cache.rate + (once ? 0 : size / 4.8e9);
};
