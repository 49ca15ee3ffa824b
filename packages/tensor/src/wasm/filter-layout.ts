/** How the gradient of a convolution to its filter is cut up into blocks of pixels and strips of filters and channels. */
import { up } from './blocks.ts';
import type { Tile } from './gemm.ts';
import { depthOf, type Geometry } from './patches.ts';

/** Fixed by the shape, never by the threads. */
export type Layout = {
  /** Channels that make the columns: those of the image tap by tap, or whole windows where there are too few. */
  readonly channels: number;
  readonly taps: number;
  readonly windows: boolean;
  /** Strips of columns, strips of filters. */
  readonly panels: number;
  readonly tiles: number;
  /** A block of output pixels: images by lines, and rows and pixels in a row of the input that it reads. */
  readonly images: number;
  readonly lines: number;
  readonly inputLines: number;
  readonly inputWidth: number;
  readonly lineBlocks: number;
  readonly blocks: number;
  /** Strips of filters that are worked on together, and how often that. */
  readonly together: number;
  readonly rounds: number;
  /** Parts of the blocks that are summed apart. */
  readonly splits: number;
};

/** Floats that fit into a core's own cache with room to spare. */
const cache = 160_000;

export const layoutOf = (g: Geometry, groups: number, perGroup: number, { rows, columns }: Tile): Layout => {
  const fill = (n: number) => n / up(n, columns);
  const depth = depthOf(g);
  const windows = g.kh * g.kw > 1 && fill(g.ci) < 0.8 * fill(depth);
  const channels = windows ? depth : g.ci;
  const panels = Math.ceil(channels / columns);
  const tiles = Math.ceil(perGroup / rows);
  const plane = g.oh * g.ow;
  // Pixels of a block for which dy, image and sums fit into the cache together; where the sums alone do not, they stream.
  const size = tiles * rows * panels * columns * (windows ? 1 : g.kh * g.kw);
  const fitting = (cache - size) / (tiles * rows + 1.3 * panels * columns);
  const most = Math.floor((1 << 19) / (panels * columns));
  const wanted = Math.max(64, Math.min(768, fitting < 256 ? most : Math.floor(fitting)));
  const whole = plane <= wanted;
  const images = whole ? Math.min(g.n, Math.floor(wanted / plane)) : 1;
  const lines = whole ? g.oh : Math.max(1, Math.floor(wanted / g.ow));
  const lineBlocks = Math.ceil(g.oh / lines);
  const blocks = Math.ceil(g.n / images) * lineBlocks;
  const pixels = images * lines * g.ow;
  const together = Math.ceil(tiles / Math.ceil(tiles / Math.max(1, Math.floor(98304 / (pixels * rows)))));
  const rounds = Math.ceil(tiles / together);
  return {
    channels,
    taps: windows ? 1 : g.kh * g.kw,
    windows,
    panels,
    tiles,
    images,
    lines,
    inputLines: windows ? lines : (lines - 1) * g.sh + g.kh,
    inputWidth: windows ? g.ow : (g.ow - 1) * g.sw + g.kw,
    lineBlocks,
    blocks,
    together,
    rounds,
    splits: Math.min(blocks, size > 1 << 20 ? 2 : 8, Math.ceil(8 / (groups * rounds))),
  };
};
