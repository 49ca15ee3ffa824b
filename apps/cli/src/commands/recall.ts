/** `gdarknet recall`: how many objects of the label files have a box on them (SPEC 6.4, 6.5). */
import { decodeImage, findLabelPath, type Label, readLabels, resizeFloat, showFault, toFloat } from '@gdarknet/data';
import { type Candidates, type Detector, nmsObject } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { withDefault } from '../arguments/option.ts';
import { gpuIndex, json, noGpu } from '../arguments/shared-options.ts';
import { number } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import type { Failure } from '../core/failure.ts';
import { turn } from '../core/turn.ts';
import { networkOptions, withDetector } from '../inputs/detector.ts';
import { dataOf, imagesOf } from '../inputs/files.ts';

type Box = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

const shared = (centre: number, size: number, otherCentre: number, otherSize: number): number =>
  Math.max(
    0,
    Math.min(centre + size / 2, otherCentre + otherSize / 2) - Math.max(centre - size / 2, otherCentre - otherSize / 2),
  );

const iou = (a: Box, b: Box): number => {
  const inner = shared(a.x, a.w, b.x, b.w) * shared(a.y, a.h, b.y, b.h);
  const union = a.w * a.h + b.w * b.h - inner;
  return union > 0 ? inner / union : 0;
};

/** Boxes that stand after suppression. */
const proposalsOf = ({ boxes, objectness }: Candidates, thresh: number): readonly Box[] =>
  Array.from(objectness).flatMap((score, i) => {
    const [x, y, w, h] = boxes.subarray(4 * i, 4 * i + 4);
    return score > thresh ? [{ x, y, w, h }] : [];
  });

type Tally = { images: number; total: number; correct: number; proposals: number; overlap: number; skipped: number };

const best = (truth: Label, proposals: readonly Box[]): number =>
  proposals.reduce((most, box) => Math.max(most, iou(box, truth)), 0);

const line = ({ images, correct, total, proposals, overlap }: Tally): string => {
  const counts = [images - 1, correct, total].map((n) => String(n).padStart(5)).join(' ');
  const share = (part: number): string => (total === 0 ? 0 : (100 * part) / total).toFixed(2);
  return `${counts} RPs/Img: ${(proposals / images).toFixed(2)} IOU: ${share(overlap)}% Recall:${share(correct)}%`;
};

type Values = { readonly thresh: number; readonly nms: number; readonly iou: number; readonly json: boolean };

/** Stretched to the network's input, as the original does here and nowhere else. */
const candidatesIn = async (detector: Detector, path: string, { thresh, nms }: Values) => {
  const image = await decodeImage(path)();
  if (E.isLeft(image)) return image;
  const { width, height } = detector;
  const { data: x } = resizeFloat(toFloat(image.right), width, height);
  const [found] = await detector.candidates({ x, sizes: [{ width, height }] }, { thresh, nms: 0 });
  return E.right(proposalsOf(nmsObject(found, nms), thresh));
};

const measure = async (
  detector: Detector,
  images: readonly string[],
  values: Values,
  context: Context,
): Promise<E.Either<Failure, Tally>> => {
  const tally: Tally = { images: 0, total: 0, correct: 0, proposals: 0, overlap: 0, skipped: 0 };
  const progress = context.progress('recall', images.length);
  for (const path of images) {
    await turn();
    if (context.signal.aborted) break;
    const proposals = await candidatesIn(detector, path, values);
    const labels = await readLabels(findLabelPath(path))();
    if (E.isLeft(proposals) || E.isLeft(labels)) {
      for (const result of [proposals, labels])
        if (E.isLeft(result)) context.tell(`skipped: ${showFault(result.left)}`);
      tally.skipped++;
      continue;
    }
    tally.images++;
    tally.proposals += proposals.right.length;
    for (const truth of labels.right.labels) {
      const overlap = best(truth, proposals.right);
      tally.total++;
      tally.overlap += overlap;
      tally.correct += Number(overlap > values.iou);
    }
    if (!values.json) context.print(line(tally));
    progress.advance(tally.images + tally.skipped);
  }
  progress.end();
  return context.signal.aborted ? E.left({ tag: 'interrupted', what: `after ${tally.images} images` }) : E.right(tally);
};

export const recall = command({
  path: ['recall'],
  aliases: [['detector', 'recall']],
  product: 'stdout',
  summary: 'Count the labelled objects of the valid= list that some box covers, whatever its class.',
  details: ['One line an image, all so far: index, objects found, objects, boxes an image, mean best IOU, recall.'],
  examples: ['gdarknet recall voc.data yolov3-voc.cfg yolov3-voc.weights'],
  positionals: { data: one('the .data file: valid'), cfg: one('the network'), weights: one('its weights') },
  options: {
    thresh: withDefault(number({ min: 0, max: 1 }), 0.001, {
      placeholder: 't',
      doc: 'keep boxes with an objectness above',
    }),
    nms: withDefault(number({ min: 0, max: 1 }), 0.4, {
      placeholder: 't',
      doc: 'of two boxes that overlap more, keep the better',
    }),
    iou: withDefault(number({ min: 0, max: 1 }), 0.5, {
      placeholder: 't',
      doc: 'an object is found by a box that overlaps it more',
    }),
    ...networkOptions,
    json,
    gpuIndex,
    noGpu,
  },
  run: (values, context) =>
    pipe(
      dataOf(values.data, context),
      TE.flatMap((data) => imagesOf(data, 'valid', context)),
      TE.flatMap((images) =>
        withDetector(values, context)((detector) => () => measure(detector, images, values, context)),
      ),
      TE.flatMap(({ images, total, correct, proposals, overlap, skipped }): TE.TaskEither<Failure, void> => {
        if (values.json) {
          const part = (n: number): number => (total === 0 ? 0 : n / total);
          const figures = {
            recall: part(correct),
            meanIou: part(overlap),
            proposals: images === 0 ? 0 : proposals / images,
          };
          context.print(JSON.stringify({ images, skipped, objects: total, found: correct, ...figures }));
        }
        return skipped === 0
          ? TE.right(undefined)
          : TE.left({ tag: 'incomplete', what: `${skipped} images could not be used; they are listed above` });
      }),
    ),
});
