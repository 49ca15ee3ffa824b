/**
 * A metric that training code updates batch by batch, in the shape torchmetrics made known: `update`, `compute`, `reset`,
 * `merge`. Images are numbered as they come and classes found by themselves; what is kept is an accumulator's part.
 */
import type { BoxFormat } from '../box/corners.ts';
import { cornerStride, cornersOf } from '../box/corners.ts';
import { checkOptions, oneOf, rule } from '../check/options.ts';
import { shown } from '../check/words.ts';
import type { Tally } from '../core/tally.ts';
import { emptyTally, mergeTallies } from '../core/tally.ts';
import { cocoAccumulator } from './accumulator.ts';
import { requireCategories } from './check.ts';
import type { CocoCategory } from './input.ts';
import { CocoInputError } from './input.ts';
import type { CocoCounts } from './notes.ts';
import { addCounts, noCounts } from './notes.ts';
import type { CocoOptions, CocoParams } from './params.ts';
import { cocoParams } from './params.ts';
import type { CocoResult } from './result.ts';
import { finishCoco } from './result.ts';

/** Boxes as a list of four numbers each, or all numbers in one typed array. */
export type Boxes = readonly ArrayLike<number>[] | Float32Array | Float64Array;

/** What was detected in one image. */
export interface Prediction {
  readonly boxes: Boxes;
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** What there is in one image. */
export interface Target {
  readonly boxes: Boxes;
  readonly labels: ArrayLike<number>;
  readonly iscrowd?: ArrayLike<number> | undefined;
  /** The area of the segments; width * height when left out. */
  readonly area?: ArrayLike<number> | undefined;
}

export interface MetricOptions extends Omit<CocoOptions, 'imgIds' | 'catIds'> {
  /** Default `xyxy`, corners. */
  readonly boxFormat?: BoxFormat | undefined;
  /** Names of the classes, and classes that count although nothing is there; the others are found. */
  readonly categories?: readonly CocoCategory[] | undefined;
}

/** Plain data of what was seen, fit for `postMessage` and `merge`. */
export interface MetricState {
  readonly images: number;
  readonly labels: readonly number[];
  readonly tally: Tally;
  readonly counts: CocoCounts;
}

const emptyState: MetricState = { images: 0, labels: [], tally: emptyTally, counts: noCounts };

const refuse = (where: string, found: unknown, expected: string): never => {
  throw new CocoInputError(`${where}: found ${shown(found)}, expected ${expected}.`);
};

const isColumn = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);

/** Boxes as x, y, width, height. */
const boxesOf = (boxes: unknown, format: BoxFormat, where: string): readonly (readonly number[])[] => {
  if (!isColumn(boxes)) return refuse(`${where}.boxes`, boxes, 'a list of boxes');
  const flat = Array.isArray(boxes)
    ? boxes.flatMap((box: unknown, i) =>
        isColumn(box) && box.length === 4 ? Array.from(box) : refuse(`${where}.boxes[${i}]`, box, 'four numbers'),
      )
    : Array.from(boxes);
  const corners = cornersOf(flat, format, 0);
  return Array.from({ length: flat.length / 4 }, (_, i) => {
    const at = i * cornerStride;
    return [corners[at]!, corners[at + 1]!, corners[at + 4]!, corners[at + 5]!];
  });
};

/** One entry a box. */
const column = (values: unknown, count: number, where: string): ArrayLike<number> =>
  isColumn(values) && values.length === count
    ? values
    : refuse(where, isColumn(values) ? Array.from(values) : values, `${count} numbers, one a box`);

const shifted = ({ chunks }: Tally, by: number): Tally => ({
  chunks: chunks.map((chunk) => ({
    ...chunk,
    images: chunk.images.map((id) => Number(id) + by),
    groupImage: chunk.groupImage.map((id) => Number(id) + by),
  })),
});

export class DetectionMetric {
  readonly #params: CocoParams;
  readonly #options: CocoOptions;
  readonly #format: BoxFormat;
  readonly #known: readonly CocoCategory[];
  #state: MetricState = emptyState;

  /** @throws OptionError */
  constructor(options: MetricOptions = {}) {
    const { boxFormat, categories = [], ...coco } = options ?? {};
    checkOptions(
      { boxFormat, categories },
      { boxFormat: oneOf('xyxy', 'xywh', 'cxcywh'), categories: rule(Array.isArray, 'a list of { id, name }') },
    );
    this.#params = cocoParams(coco);
    requireCategories(categories);
    this.#options = coco;
    this.#format = boxFormat ?? 'xyxy';
    this.#known = categories;
  }

  /**
   * Adds a batch, one prediction and one target an image.
   * @throws CocoInputError naming the image of the batch and the row; nothing of the batch is added then.
   */
  update(predictions: readonly Prediction[], targets: readonly Target[]): this {
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

  #added(state: MetricState, prediction: Prediction, target: Target, i: number): MetricState {
    if (typeof prediction !== 'object' || prediction === null) refuse(`predictions[${i}]`, prediction, 'an object');
    if (typeof target !== 'object' || target === null) refuse(`targets[${i}]`, target, 'an object');
    const [p, t] = [`predictions[${i}]`, `targets[${i}]`];
    const found = boxesOf(prediction.boxes, this.#format, p);
    const there = boxesOf(target.boxes, this.#format, t);
    const scores = column(prediction.scores, found.length, `${p}.scores`);
    const foundLabels = column(prediction.labels, found.length, `${p}.labels`);
    const labels = column(target.labels, there.length, `${t}.labels`);
    const crowd = target.iscrowd && column(target.iscrowd, there.length, `${t}.iscrowd`);
    const area = target.area && column(target.area, there.length, `${t}.area`);
    const seen = [...new Set([...Array.from(labels), ...Array.from(foundLabels)])];
    for (const label of seen)
      if (!Number.isSafeInteger(label)) refuse(`image ${i} of the batch: label`, label, 'a whole number');
    const { add, empty } = cocoAccumulator(
      seen.map((id) => ({ id })),
      this.#options,
    );
    const part = add(empty, {
      image: state.images,
      objects: there.map((bbox, o) => ({
        category_id: labels[o]!,
        bbox,
        // Of no area by itself: a note would say only that torchmetrics' targets have none.
        area: area ? area[o]! : bbox[2]! * bbox[3]!,
        ...(crowd && { iscrowd: crowd[o]! }),
      })),
      detections: found.map((bbox, d) => ({ category_id: foundLabels[d]!, bbox, score: scores[d]! })),
    });
    const fresh = seen.filter((label) => !state.labels.includes(label));
    return {
      images: state.images + 1,
      labels: fresh.length === 0 ? state.labels : [...state.labels, ...fresh],
      tally: mergeTallies(state.tally, part.tally),
      counts: addCounts(state.counts, part.counts),
    };
  }

  /** The result of everything added so far. */
  compute(): CocoResult {
    const { labels, tally, counts } = this.#state;
    const names = new Map(this.#known.map((category) => [category.id, category]));
    const ids = [...new Set([...names.keys(), ...labels])].sort((a, b) => a - b);
    const categories = this.#params.useCats ? ids.map((id) => names.get(id) ?? { id }) : [{ id: -1, name: 'all' }];
    return finishCoco(tally, categories, this.#params, counts);
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
  merge(other: DetectionMetric | MetricState): this {
    const { images, labels, tally, counts } = other instanceof DetectionMetric ? other.#state : other;
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
