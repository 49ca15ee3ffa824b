/**
 * `.weights` files (SPEC 3), read and written byte for byte: a header, then little-endian float32 arrays, layer by layer.
 * The file does not say which network it belongs to, so its length is checked against the cfg, which the original does not.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { FileFault, FileNotice, FileResult } from './fault.ts';
import type { LayerPlan, NetworkPlan } from './plan.ts';
import {
  headerBytes,
  isTransposing,
  newHeader,
  readHeader,
  type WeightsHeader,
  writeHeader,
} from './weights-header.ts';
import { type Block, type BlockName, blocksToRead, blocksToWrite, isTransposed } from './weights-layout.ts';
import { transposeMatrix } from './weights-order.ts';

/** Of one convolutional or connected layer. With batch normalisation, `biases` is its shift. */
export interface LayerWeights {
  /** `[filters]`, as are the next three. */
  readonly biases: Float32Array;
  readonly scales?: Float32Array;
  readonly rollingMean?: Float32Array;
  readonly rollingVariance?: Float32Array;
  /** In Darknet's order, `[filter, channel, row, column]`. With `numload` these are the first filters only. */
  readonly weights: Float32Array;
}

export interface NetworkWeights {
  readonly header: WeightsHeader;
  /** By layer index; `undefined` for layers that have none or that the file does not hold. */
  readonly layers: readonly (LayerWeights | undefined)[];
}

export interface ReadWeightsOptions {
  /** Name for messages. */
  readonly file?: string;
  /** Take what fits of a file that is too short or too long: complete layers from the first on. */
  readonly partial?: boolean;
  /** Set the counter of seen images to 0. */
  readonly clear?: boolean;
}

/**
 * The arrays are views of `bytes` wherever order and alignment allow: do not write to either.
 * A file that ends exactly behind a layer (a `.conv.N` backbone) is taken, with a notice.
 */
export const readWeights = (
  bytes: Uint8Array,
  plan: NetworkPlan,
  options: ReadWeightsOptions = {},
): FileResult<NetworkWeights> => {
  const file = options.file ?? 'weights';
  const header = readHeader(bytes);
  if (header === undefined) return E.left([badHeader(file, bytes)]);
  const start = headerBytes(header);
  const floats = floatsOf(bytes, start);
  const { layers, used, broken } = takeLayers(floats, plan, isTransposing(header));

  const rest = bytes.length - start - 4 * used;
  const notices: FileNotice[] = [];
  if (broken !== undefined) {
    // Nothing at all behind the header is no backbone but a broken download.
    const atBoundary = rest === 0 && used > 0;
    if (!atBoundary && !options.partial) return E.left([tooShort(file, plan, broken, start + 4 * used, bytes.length)]);
    notices.push(partialNotice(file, plan, broken, rest));
  } else if (rest > 0) {
    if (!options.partial) return E.left([tooLong(file, plan, bytes.length, rest)]);
    notices.push({ tag: 'weights', file, message: `${rest} bytes behind the last layer of ${plan.file} are not used` });
  }
  notices.push(...notFinite(file, plan, layers));
  return E.right({ value: { header: options.clear ? { ...header, seen: 0 } : header, layers }, notices });
};

/** A copy only where the view would not be aligned. */
const floatsOf = (bytes: Uint8Array, start: number): Float32Array => {
  const aligned = (bytes.byteOffset + start) % 4 === 0 ? bytes.subarray(start) : bytes.slice(start);
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
};

interface Taken {
  readonly layers: readonly (LayerWeights | undefined)[];
  /** Floats of the layers taken. */
  readonly used: number;
  /** The first layer that the file does not hold completely. */
  readonly broken: LayerPlan | undefined;
}

const takeLayers = (floats: Float32Array, plan: NetworkPlan, transposing: boolean): Taken => {
  const layers: (LayerWeights | undefined)[] = [];
  let used = 0;
  for (const layer of plan.layers) {
    const blocks = blocksToRead(layer);
    const arrays: Partial<Record<BlockName, Float32Array>> = {};
    let end = used;
    for (const { name, size } of blocks) {
      arrays[name] = floats.subarray(end, end + size);
      end += size;
    }
    if (end > floats.length) return { layers: padded(layers, plan), used, broken: layer };
    layers.push(completed(arrays, layer, transposing));
    used = end;
  }
  return { layers, used, broken: undefined };
};

const padded = (layers: readonly (LayerWeights | undefined)[], plan: NetworkPlan) =>
  plan.layers.map((_, i) => layers[i]);

const completed = (
  { biases, weights, ...rest }: Partial<Record<BlockName, Float32Array>>,
  layer: LayerPlan,
  transposing: boolean,
): LayerWeights | undefined => {
  if (biases === undefined || weights === undefined) return undefined;
  const filters = biases.length;
  return {
    ...rest,
    biases,
    weights: isTransposed(layer, transposing) ? transposeMatrix(weights, weights.length / filters, filters) : weights,
  };
};

export interface WriteWeightsOptions {
  readonly file?: string;
  /** Write only layers 0 to `upTo - 1`. */
  readonly upTo?: number;
}

/** The inverse of `readWeights`; layers whose weights are missing or of other sizes than the plan's are faults. */
export const writeWeights = (
  { header, layers }: NetworkWeights,
  plan: NetworkPlan,
  options: WriteWeightsOptions = {},
): E.Either<readonly FileFault[], Uint8Array> => {
  const file = options.file ?? 'weights';
  const faults: FileFault[] = [];
  const arrays: Float32Array[] = [];
  for (const layer of plan.layers.slice(0, options.upTo ?? plan.layers.length)) {
    const source = layers[layer.index];
    for (const { name, size } of blocksToWrite(layer)) {
      const array = source?.[name];
      if (array?.length !== size) {
        faults.push(wrongSize(file, layer, name, size, array?.length));
      } else if (name === 'weights' && isTransposed(layer, isTransposing(header))) {
        const filters = source?.biases.length ?? 1;
        arrays.push(transposeMatrix(array, filters, size / filters));
      } else arrays.push(array);
    }
  }
  if (faults.length > 0) return E.left(faults);
  const start = headerBytes(header);
  const total = arrays.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(start + 4 * total);
  writeHeader(header, bytes);
  const floats = new Float32Array(bytes.buffer, start);
  let at = 0;
  for (const array of arrays) {
    floats.set(array, at);
    at += array.length;
  }
  return E.right(bytes);
};

/** The original's `partial` command: the first `count` layers as a backbone to start training from, counter at 0. */
export const cutWeights = (
  weights: NetworkWeights,
  plan: NetworkPlan,
  count: number,
): E.Either<readonly FileFault[], Uint8Array> =>
  writeWeights({ ...weights, header: newHeader() }, plan, { upTo: count });

const place = (file: string, { config, index }: LayerPlan) => ({
  tag: 'weights' as const,
  file,
  layer: index,
  section: config.type,
});

const badHeader = (file: string, bytes: Uint8Array): FileFault => ({
  tag: 'weights',
  file,
  expected: 'the header of a Darknet weights file (16 or 20 bytes: version, images seen)',
  found: bytes.length < 20 ? `${bytes.length} bytes` : 'an impossible counter of images seen',
  action: 'check that this is a Darknet weights file and complete',
});

const sizeOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { size }) => sum + 4 * size, 0);

const other = (plan: NetworkPlan): string =>
  `check that the weights belong to ${plan.file} and are complete, or ask for partial loading (--partial)`;

const tooShort = (file: string, plan: NetworkPlan, layer: LayerPlan, taken: number, length: number): FileFault => ({
  ...place(file, layer),
  expected: `${sizeOf(blocksToRead(layer))} bytes for this layer, ${taken + sizeOf(plan.layers.slice(layer.index).flatMap(blocksToRead))} in the file`,
  found: `${length - taken} left of ${length}`,
  action: other(plan),
});

const tooLong = (file: string, plan: NetworkPlan, length: number, rest: number): FileFault => ({
  tag: 'weights',
  file,
  expected: `${length - rest} bytes, as the layers of ${plan.file} take`,
  found: `${length}, ${rest} too many`,
  action: other(plan),
});

const partialNotice = (file: string, plan: NetworkPlan, layer: LayerPlan, rest: number): FileNotice => ({
  ...place(file, layer),
  message:
    `the file ends before this layer: layers ${layer.index} to ${plan.layers.length - 1} of ${plan.file} keep their initial weights` +
    (rest > 0 ? `, and its last ${rest} bytes are not used` : ''),
});

const wrongSize = (
  file: string,
  layer: LayerPlan,
  name: BlockName,
  size: number,
  found: number | undefined,
): FileFault => ({
  ...place(file, layer),
  key: name,
  expected: `${size} values`,
  found: found === undefined ? 'none' : String(found),
  action: 'write with the network that the weights belong to',
});

/** NaN and infinities train and detect nothing (SPEC D-16). */
const notFinite = (file: string, plan: NetworkPlan, layers: NetworkWeights['layers']): readonly FileNotice[] =>
  plan.layers.flatMap((layer) =>
    Object.entries(layers[layer.index] ?? {})
      .filter(([, values]) => !values.every(Number.isFinite))
      .map(([key]) => ({ ...place(file, layer), key, message: 'holds values that are not finite' })),
  );
