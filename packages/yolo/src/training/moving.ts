/** What a trainer carries from update to update, on the device; and a copy of it that can be kept. */
import { exponentialAverage, mapTrees, type Path, type Variables } from '@gdarknet/nn';
import { type Device, read, type Shape, sizeOf, type Tensor, tensor, zeros } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { NetworkParams, NetworkState } from '../network/network.ts';
import type { NetworkVariables } from '../network/variables.ts';
import type { Descent, DescentState, GradientSum } from './descent.ts';

export type Moving = NetworkVariables & {
  readonly params: NetworkParams;
  readonly state: NetworkState;
  readonly descent: DescentState;
  /** Moving averages of parameters and rolling statistics (`ema_alpha`). */
  readonly average?: NetworkVariables;
};

/** The gradients of a batch so far, where they are kept apart. */
export const sumOf = ({ descent }: Moving): GradientSum => descent.sum ?? { high: {}, low: {} };

/** Everything that the next update depends on, but the data: with it a run goes on to the bit. */
export type Snapshot = {
  /** Images so far. */
  readonly seen: number;
  /** By path, as `params.0.weights`, `descent.own.updates.0.weights`, `state.0.mean`. */
  readonly tensors: Readonly<Record<string, { readonly shape: Shape; readonly values: Float32Array<ArrayBuffer> }>>;
};

/** The average starts as a copy: the parameters themselves are overwritten. */
export const startingAt = (start: NetworkVariables, descent: Descent, averaged: boolean): Moving => ({
  params: start.params,
  state: start.state,
  descent: descent.init(start.params as Variables),
  ...(averaged && { average: exponentialAverage(0).init(start) }),
});

/** Empty between batches. */
const isTransient = ([first, second]: Path): boolean => first === 'descent' && second === 'sum';

/** `visit` for each tensor that a snapshot holds; the others become zeros. */
const overKept = <T>(moving: T, visit: (name: string, t: Tensor) => Tensor): T =>
  mapTrees((path, t) => (isTransient(path) ? zeros(t.shape) : visit(path.join('.'), t)), moving);

export const snapshotOf = async (device: Device, moving: Moving, seen: number): Promise<Snapshot> => {
  const kept: Record<string, Tensor> = {};
  overKept(moving, (name, t) => {
    kept[name] = t;
    return t;
  });
  const values = await read(device, kept);
  const tensors = Object.entries(kept).map(
    ([name, { shape }]) => [name, { shape, values: values[name] as Float32Array<ArrayBuffer> }] as const,
  );
  return { seen, tensors: Object.fromEntries(tensors) };
};

/** A tree like `fresh` with the values of a snapshot, or what does not fit. Tensors that `fresh` lacks are not used. */
export const movingFrom = (fresh: Moving, { tensors }: Snapshot): E.Either<readonly string[], Moving> => {
  const problems: string[] = [];
  const moving = overKept(fresh, (name, t) => {
    const kept = tensors[name];
    if (kept !== undefined && kept.values.length === sizeOf(t.shape)) return tensor(kept.values, t.shape);
    const found = kept === undefined ? 'nothing' : `[${kept.shape}]`;
    problems.push(`${name}: expected [${t.shape}], found ${found}`);
    return t;
  });
  return problems.length > 0 ? E.left(problems) : E.right(moving);
};
