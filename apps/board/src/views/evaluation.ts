/**
 * `evaluation*.json` in a run's folder or among its artifacts: how a detector does on a labelled set. Written by whoever
 * evaluates; `evaluationOf` makes one from COCO's documents.
 */
import { type CocoDetection, type CocoInstances, confusionMatrix } from '@gdarknet/metrics';
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

export type { CocoDetection, CocoInstances };
export { confusionMatrix };
