/**
 * `.weights` files (SPEC 3), read and written byte for byte: a header, then little-endian float32 arrays, layer by layer.
 * The file does not say which network it belongs to, so its length is checked against the cfg, which the original does not.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { FileFault, FileNotice, FileResult } from './fault.ts';
import type { LayerPlan, NetworkPlan } from './plan.ts';
import {
  badHeader,
  type Fit,
  noVariance,
  otherFile,
  partialNotice,
  place,
  restOf,
  type Taken,
  tooLong,
  tooShort,
  unfinished,
  unsound,
  unsoundNotices,
  wrongSize,
} from './weights-faults.ts';
import { firstImpossible, layersAlike, otherClasses } from './weights-fit.ts';
import {
  headerBytes,
  isTransposing,
  newHeader,
  readHeader,
  type WeightsHeader,
  writeHeader,
} from './weights-header.ts';
import { type BlockName, blocksToRead, blocksToWrite, isTransposed } from './weights-layout.ts';
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
  /** Of a file that does not fit take the layers before the first that differs, or that may. */
  readonly partial?: boolean;
  /** Refuse a backbone too: every layer must have its weights. Without effect beside `partial`. */
  readonly whole?: boolean;
  /** Set the counter of seen images to 0. */
  readonly clear?: boolean;
  /** Take values that are NaN or infinite, with a notice; default: they are faults. */
  readonly allowUnsound?: boolean;
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
  const { file = 'weights', partial = false, whole = false } = options;
  const header = readHeader(bytes);
  const foreign = otherFile(file, bytes);
  if (foreign !== undefined) return E.left([foreign]);
  if (header === undefined) return E.left([badHeader(file, bytes)]);
  const start = headerBytes(header);
  const floats = floatsOf(bytes, start);
  const taken = takeLayers(floats, plan, isTransposing(header));
  const fit: Fit = { ...taken, file, plan, start, length: bytes.length, impossible: firstImpossible(taken.layers) };

  const misfit = misfitOf(fit, whole && !partial);
  if (misfit !== undefined && !partial) return E.left([misfit]);
  const count = misfit === undefined ? plan.layers.length : alike(fit);
  if (count === 0 && misfit !== undefined) return E.left([misfit]);
  const layers = taken.layers.map((layer, i) => (i < count ? layer : undefined));
  const faults = options.allowUnsound ? [] : unsound(file, plan, layers);
  if (faults.length > 0) return E.left(faults);
  const notices = [...lengthNotices(fit, count), ...unsoundNotices(file, plan, layers)];
  return E.right({ value: { header: options.clear ? { ...header, seen: 0 } : header, layers }, notices });
};

/** Why the file cannot be of this network. Nothing at all behind the header is no backbone but a broken download. */
const misfitOf = (fit: Fit, whole: boolean): FileFault | undefined => {
  const { broken, used, impossible } = fit;
  const rest = restOf(fit);
  const isBackbone = broken !== undefined && rest === 0 && used > 0;
  if (broken !== undefined && !isBackbone) return tooShort(fit, broken);
  if (broken === undefined && rest > 0) return tooLong(fit);
  if (impossible !== undefined) return noVariance(fit, impossible);
  return isBackbone && whole ? unfinished(fit, broken) : undefined;
};

/** Layers that may be taken of a file that does not fit. */
const alike = (fit: Fit): number => {
  const { plan, layers, impossible, broken } = fit;
  const other = otherClasses(plan, (fit.length - fit.start) / 4);
  if (other !== undefined) return other.layer;
  if (restOf(fit) === 0 && impossible === undefined && broken) return broken.index;
  const count = layersAlike(layers, impossible);
  const next = plan.layers.findIndex((layer) => layer.index >= count && blocksToRead(layer).length > 0);
  if (count === 0) return 0;
  return next < 0 ? plan.layers.length : next;
};

const lengthNotices = (fit: Fit, count: number): readonly FileNotice[] => {
  const { file, plan, broken } = fit;
  const rest = restOf(fit);
  if (count < plan.layers.length && count < (broken?.index ?? plan.layers.length)) {
    const message = `differs from the file, or may: layers ${count} to ${plan.layers.length - 1} of ${plan.file} keep their initial weights`;
    return [{ ...place(file, plan.layers[count]), message }];
  }
  if (broken !== undefined) return [partialNotice(file, plan, broken, rest)];
  const unused = `${rest} bytes behind the last layer of ${plan.file} are not used`;
  return rest > 0 ? [{ tag: 'weights', file, message: unused }] : [];
};

/** A copy only where the view would not be aligned. */
const floatsOf = (bytes: Uint8Array, start: number): Float32Array => {
  const aligned = (bytes.byteOffset + start) % 4 === 0 ? bytes.subarray(start) : bytes.slice(start);
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
};

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
