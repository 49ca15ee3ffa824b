/**
 * `evaluation*.json` in a run's folder or among its artifacts: how a detector does on a labelled set. Written by whoever
 * evaluates; `evaluationOf` makes one from COCO's documents.
 */
import { type CocoDetection, type CocoInstances, confusionMatrix, curveOf, evaluateCoco } from '@gdarknet/metrics';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';

const curve = t.type({ name: t.string, recall: t.array(t.number), precision: t.array(t.number) });
const matrix = t.type({ labels: t.array(t.string), counts: t.array(t.number) });

const codec = t.partial({ title: t.string, curves: t.array(curve), confusion: matrix });

export type Evaluation = t.TypeOf<typeof codec>;

/** Undefined for what is none: lists of unequal length, a matrix that is not square. */
export const readEvaluation = (text: string): Evaluation | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = codec.decode(value);
  if (E.isLeft(read)) return undefined;
  const { curves = [], confusion } = read.right;
  const square = confusion === undefined || confusion.counts.length === confusion.labels.length ** 2;
  const aligned = curves.every(({ recall, precision }) => recall.length === precision.length);
  return square && aligned ? read.right : undefined;
};

/** Classes with the most objects; more lines tell nothing apart. */
const mostCurves = 12;
const mostPoints = 300;

/** The places kept of a long list: evenly spread, the last among them. */
const spread = (length: number): readonly number[] => {
  const by = Math.max(1, Math.ceil(length / mostPoints));
  return Array.from({ length }, (_, i) => i).filter((i) => i % by === 0 || i === length - 1);
};

/** Precision over recall at an IoU of .50 for each class, and which class is taken for which. */
export const evaluationOf = (
  truth: CocoInstances,
  found: readonly CocoDetection[],
  title: string,
  overlap: 'iou' | 'giou' = 'iou',
): Evaluation => {
  const result = evaluateCoco(truth, found, { overlap });
  const curves = (truth.categories ?? [])
    .map(({ id, name }) => ({ name: String(name ?? id), whole: curveOf(result, id, { threshold: 0.5 }) }))
    .filter(({ whole }) => whole.positives > 0)
    .sort((a, b) => b.whole.positives - a.whole.positives)
    .slice(0, mostCurves)
    .map(({ name, whole }) => {
      const places = spread(whole.recall.length);
      return { name, recall: places.map((i) => whole.recall[i]), precision: places.map((i) => whole.precision[i]) };
    });
  const { labels, counts } = confusionMatrix(truth, found);
  return { title, curves, confusion: { labels: [...labels], counts: [...counts] } };
};
