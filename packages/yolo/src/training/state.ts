/** What a trainer carries from update to update: a value whose tensors are on the device; and a copy of it that can be kept. */
import { exponentialAverage, mapTrees, type Path, type Variables } from '@gdarknet/nn';
import { type Device, read, type Shape, scalar, sizeOf, type Tensor, tensor, zeros } from '@gdarknet/tensor';
import * as E from 'fp-ts/lib/Either.js';
import type { NetworkParams, NetworkState } from '../network/network.ts';
import type { NetworkVariables } from '../network/variables.ts';
import type { Descent, DescentState, GradientSum } from './descent.ts';

/** What updates change, with its tensors on the device. An update takes them over: the model before it is used up. */
export type ModelState = NetworkVariables & {
  readonly params: NetworkParams;
  readonly state: NetworkState;
  readonly descent: DescentState;
  /** Moving averages of parameters and rolling statistics (`ema_alpha`). */
  readonly average?: NetworkVariables;
};

export type TrainState = {
  readonly model: ModelState;
  /** Of images so far. */
  readonly seen: number;
  /** On the device, 1 or 0: whether all losses have been finite. After one that was not nothing changes. */
  readonly sound: Tensor;
};

/** The state after a loss that was not finite: what was begun after it has not happened. */
export const recovered = (state: TrainState, seen: number): TrainState => ({ ...state, seen, sound: scalar(1) });

/** The gradients of a batch so far, where they are kept apart. */
export const sumOf = ({ descent }: ModelState): GradientSum => descent.sum ?? { high: {}, low: {} };

/** What a mini-batch changes beside the parameters. */
export const restOf = (model: ModelState): { readonly state: NetworkState; readonly sum: GradientSum } => ({
  state: model.state,
  sum: sumOf(model),
});

/** Everything that the next update depends on, but the data: with it a run goes on to the bit. */
export type Snapshot = {
  /** Images so far. */
  readonly seen: number;
  /** By path, as `params.0.weights`, `descent.own.updates.0.weights`, `state.0.mean`. */
  readonly tensors: Readonly<Record<string, { readonly shape: Shape; readonly values: Float32Array<ArrayBuffer> }>>;
};

/** The average starts as a copy: the parameters themselves are overwritten. */
export const startingAt = (start: NetworkVariables, descent: Descent, averaged: boolean): ModelState => ({
  params: start.params,
  state: start.state,
  descent: descent.init(start.params as Variables),
  ...(averaged && { average: exponentialAverage(0).init(start) }),
});

/** Empty between batches. */
const isTransient = ([first, second]: Path): boolean => first === 'descent' && second === 'sum';

/** `visit` for each tensor that a snapshot holds; the others become zeros. */
const overKept = <T>(tree: T, visit: (name: string, t: Tensor) => Tensor): T =>
  mapTrees((path, t) => (isTransient(path) ? zeros(t.shape) : visit(path.join('.'), t)), tree);

export const snapshotOf = async (device: Device, { model, seen }: TrainState): Promise<Snapshot> => {
  const kept: Record<string, Tensor> = {};
  overKept(model, (name, t) => {
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
export const modelFrom = (fresh: ModelState, { tensors }: Snapshot): E.Either<readonly string[], ModelState> => {
  const problems: string[] = [];
  const model = overKept(fresh, (name, t) => {
    const kept = tensors[name];
    if (kept !== undefined && kept.values.length === sizeOf(t.shape)) return tensor(kept.values, t.shape);
    const found = kept === undefined ? 'nothing' : `[${kept.shape}]`;
    problems.push(`${name}: expected [${t.shape}], found ${found}`);
    return t;
  });
  return problems.length > 0 ? E.left(problems) : E.right(model);
};
