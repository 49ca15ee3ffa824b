/**
 * A metric that training code updates batch by batch, in the shape torchmetrics made known: `update`, `compute`, `reset`,
 * `merge`. Images are numbered as they come and classes found by themselves; what is kept is an accumulator's part.
 */
import { checkOptions, rule } from '../check/options.ts';
import { shown } from '../check/words.ts';
import type { Tally } from '../core/tally.ts';
import { emptyTally, mergeTallies } from '../core/tally.ts';
import { sumsOf } from './accumulate.ts';
import type { Accumulator, ImageEvidence } from './accumulator.ts';
import { accumulatorOf } from './accumulator.ts';
import { requireCategories } from './check.ts';
import type { CocoCategory, CocoImage } from './input.ts';
import { CocoInputError } from './input.ts';
import type { Finish, Kind } from './kind.ts';
import type { CocoCounts } from './notes.ts';
import { addCounts, noCounts } from './notes.ts';
import type { CocoParams } from './params.ts';
import type { FoundRow, TruthRow } from './tables.ts';

/** Plain data of what was seen, fit for `postMessage` and `merge`. */
export interface MetricState {
  readonly images: number;
  readonly labels: readonly number[];
  readonly tally: Tally;
  readonly counts: CocoCounts;
}

const emptyState: MetricState = { images: 0, labels: [], tally: emptyTally, counts: noCounts };

export const refuse = (where: string, found: unknown, expected: string): never => {
  throw new CocoInputError(`${where}: found ${shown(found)}, expected ${expected}.`);
};

export const isColumn = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);

/** One entry a row. */
export const columnOf = (values: unknown, count: number, where: string): ArrayLike<number> =>
  isColumn(values) && values.length === count
    ? values
    : refuse(where, isColumn(values) ? Array.from(values) : values, `${count} numbers, one a row`);

/** What every kind of target and prediction has. */
export interface LabelledRows {
  readonly labels: ArrayLike<number>;
}

/** What a metric is of: how a batch's entry becomes the evidence of an image. */
export interface Stream<P, T, A extends TruthRow, D extends FoundRow, R> {
  readonly kind: Kind<A, D>;
  readonly finish: Finish<R>;
  readonly params: CocoParams;
  readonly categories: readonly CocoCategory[];
  /** @param p `predictions[2]`, `t` `targets[2]`: what the entries are called in errors. */
  readonly evidence: (
    prediction: P,
    target: T,
    at: { readonly p: string; readonly t: string },
  ) => Pick<ImageEvidence<A, D>, 'objects' | 'detections'> & { readonly image?: Omit<CocoImage, 'id'> };
}

/** Options that every metric has besides those of its evaluation. */
export interface StreamOptions {
  /** Names of the classes, and classes that count although nothing is there; the others are found. */
  readonly categories?: readonly CocoCategory[] | undefined;
}

/** @throws OptionError, CocoInputError */
export const checkedCategories = (categories: readonly CocoCategory[] | undefined): readonly CocoCategory[] => {
  checkOptions({ categories }, { categories: rule(Array.isArray, 'a list of { id, name }') });
  requireCategories(categories ?? []);
  return categories ?? [];
};

const shifted = ({ chunks }: Tally, by: number): Tally => ({
  chunks: chunks.map((chunk) => ({
    ...chunk,
    images: chunk.images.map((id) => Number(id) + by),
    groupImage: chunk.groupImage.map((id) => Number(id) + by),
  })),
});

export class StreamingMetric<P, T, A extends TruthRow, D extends FoundRow, R> {
  readonly #stream: Stream<P, T, A, D, R>;
  #state: MetricState = emptyState;

  constructor(stream: Stream<P, T, A, D, R>) {
    this.#stream = stream;
  }

  /**
   * Adds a batch, one prediction and one target an image.
   * @throws CocoInputError naming the image of the batch and the row; nothing of the batch is added then.
   */
  update(predictions: readonly P[], targets: readonly T[]): this {
    if (!Array.isArray(predictions)) refuse('predictions', predictions, 'a list, one entry an image');
    if (!Array.isArray(targets)) refuse('targets', targets, 'a list, one entry an image');
    if (predictions.length !== targets.length) {
      refuse('update', `${predictions.length} predictions and ${targets.length} targets`, 'one of each an image');
    }
    let state = this.#state;
    for (let i = 0; i < predictions.length; i++) state = this.#added(state, predictions[i]!, targets[i]!, i);
    this.#state = state;
    return this;
  }

  #added(state: MetricState, prediction: P, target: T, i: number): MetricState {
    const at = { p: `predictions[${i}]`, t: `targets[${i}]` };
    if (typeof prediction !== 'object' || prediction === null) refuse(at.p, prediction, 'an object');
    if (typeof target !== 'object' || target === null) refuse(at.t, target, 'an object');
    const { kind, finish, params, evidence } = this.#stream;
    const { objects, detections, image } = evidence(prediction, target, at);
    const seen = [...new Set([...objects, ...detections].map((row) => (row as TruthRow).category_id))];
    for (const label of seen)
      if (!Number.isSafeInteger(label)) refuse(`image ${i} of the batch: label`, label, 'a whole number');
    const { add, empty }: Accumulator<A, D, R> = accumulatorOf(
      kind,
      finish,
      params,
      seen.map((id) => ({ id })),
    );
    const part = add(empty, { image: { ...image, id: state.images }, objects, detections });
    const fresh = seen.filter((label) => !state.labels.includes(label));
    return {
      images: state.images + 1,
      labels: fresh.length === 0 ? state.labels : [...state.labels, ...fresh],
      tally: mergeTallies(state.tally, part.tally),
      counts: addCounts(state.counts, part.counts),
    };
  }

  /** The result of everything added so far. */
  compute(): R {
    const { labels, tally, counts } = this.#state;
    const { params, categories: known, finish } = this.#stream;
    const names = new Map(known.map((category) => [category.id, category]));
    const ids = [...new Set([...names.keys(), ...labels])].sort((a, b) => a - b);
    const categories = params.useCats ? ids.map((id) => names.get(id) ?? { id }) : [{ id: -1, name: 'all' }];
    const [sums] = sumsOf(
      tally,
      categories.map(({ id }) => id),
      params,
    );
    return finish(tally, sums, categories, params, counts);
  }

  /** Forgets everything that was added. */
  reset(): this {
    this.#state = emptyState;
    return this;
  }

  /** What was seen, as plain data. */
  get state(): MetricState {
    return this.#state;
  }

  /** Adds what another metric, of this process or of one that sent its state, has seen; its images follow those here. */
  merge(other: StreamingMetric<P, T, A, D, R> | MetricState): this {
    const { images, labels, tally, counts } = other instanceof StreamingMetric ? other.state : other;
    const state = this.#state;
    this.#state = {
      images: state.images + images,
      labels: [...new Set([...state.labels, ...labels])],
      tally: mergeTallies(state.tally, shifted(tally, state.images)),
      counts: addCounts(state.counts, counts),
    };
    return this;
  }
}
