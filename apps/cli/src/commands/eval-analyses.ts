/** What `eval coco` and `eval voc` say beyond the numbers of the benchmark: charts, errors, classes, a second run. */

import { writeWhole } from '@gdarknet/data';
import {
  type CocoComparison,
  type CocoDetection,
  type CocoInstances,
  confusionMatrix,
  type ErrorBreakdown,
  errorBreakdown,
  errorKinds,
  type VocAnnotation,
  type VocDetection,
} from '@gdarknet/metrics';
import { confusionChart, type NamedCurve, prChart } from '@gdarknet/metrics/charts';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { flag, optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { dataFailure, type Failure } from '../core/failure.ts';

export const analysisOptions = {
  perClass: flag('also a line for each class'),
  pr: optional(text, { placeholder: 'out.svg', doc: 'draw precision over recall' }),
  confusion: optional(text, {
    placeholder: 'out.svg',
    doc: 'draw which class is taken for which, of detections with a score of 0.25 and above, at an IoU of 0.5',
  }),
  errors: flag(
    'also what each kind of error costs: the breakdown of TIDE at an IoU of 0.5, with --compat as tidecv counts it',
  ),
};

type Charts = { readonly pr: string | undefined; readonly confusion: string | undefined };
export type Boxes = { readonly truth: CocoInstances; readonly found: readonly CocoDetection[] };

const write = (path: string, svg: string): TE.TaskEither<Failure, void> =>
  pipe(
    writeWhole(path, svg),
    TE.mapLeft((fault) => dataFailure(fault)),
  );

/** Writes the charts that are asked for. */
export const drawCharts = (
  { pr, confusion }: Charts,
  boxes: () => Boxes,
  curves: () => readonly NamedCurve[],
  title: string,
): TE.TaskEither<Failure, void> => {
  const drawn = [
    ...(pr === undefined ? [] : [() => write(pr, prChart(curves(), { title }))]),
    ...(confusion === undefined
      ? []
      : [
          () => {
            const { truth, found } = boxes();
            return write(confusion, confusionChart(confusionMatrix(truth, found)));
          },
        ]),
  ];
  return pipe(
    drawn,
    TE.traverseSeqArray((draw) => draw()),
    TE.map(() => undefined),
  );
};

/** Numbers of a chart, for JSON. */
export const plainCurves = (curves: readonly NamedCurve[]) =>
  curves.map(({ name, curve: { recall, precision } }) => ({
    name,
    recall: Array.from(recall),
    precision: Array.from(precision),
  }));

/** Which class is taken for which, a row a class that is there. */
export const confusionOf = ({ truth, found }: Boxes) => {
  const { labels, counts } = confusionMatrix(truth, found);
  const rows = labels.map((_, row) => Array.from(counts.subarray(row * labels.length, (row + 1) * labels.length)));
  return { labels, rows };
};

/**
 * VOC's sets in COCO's shape, for analyses that compare across classes. Pixel n covers [n, n + 1); a difficult object is
 * neither to be found nor an error to find, which is what a crowd region is.
 */
export const vocBoxes = (
  annotations: readonly VocAnnotation[],
  detections: readonly VocDetection[],
  classes: readonly string[],
): Boxes => {
  const imageAt = new Map(annotations.map(({ image }, i) => [image, i]));
  const classAt = new Map(classes.map((name, k) => [name, k]));
  const bboxOf = ([x1, y1, x2, y2]: readonly number[]): readonly number[] => [x1, y1, x2 - x1 + 1, y2 - y1 + 1];
  const objects = annotations.flatMap((annotation, image_id) =>
    annotation.objects.flatMap(({ name, box, difficult }) => {
      const category_id = classAt.get(name);
      return category_id === undefined
        ? []
        : [{ image_id, category_id, bbox: bboxOf(box), iscrowd: difficult === true ? 1 : 0 }];
    }),
  );
  const found = detections.flatMap(({ image, name, box, score }) => {
    const [image_id, category_id] = [imageAt.get(image), classAt.get(name)];
    return image_id === undefined || category_id === undefined
      ? []
      : [{ image_id, category_id, bbox: bboxOf(box), score }];
  });
  return {
    truth: {
      images: annotations.map((_, id) => ({ id })),
      categories: classes.map((name, id) => ({ id, name })),
      annotations: objects.map((row, i) => ({ ...row, id: i + 1 })),
    },
    found,
  };
};

const points = (value: number): string => (100 * value).toFixed(2).padStart(6);
const signed = (value: number): string => `${value < 0 ? '' : '+'}${(100 * value).toFixed(2)}`.padStart(7);

export const errorsOf = ({ truth, found }: Boxes, { compat }: { readonly compat: boolean }): ErrorBreakdown =>
  errorBreakdown(truth, found, { compat });

/** In points of AP50, 0 to 100. */
export const errorText = ({ AP, cost, count }: ErrorBreakdown): string =>
  [
    `Errors at an IoU of 0.50 (AP ${points(AP).trim()}): how many, and the points of AP that mending them gains`,
    ...errorKinds.map((kind) => ` ${kind.padEnd(15)} ${String(count[kind]).padStart(8)} ${points(cost[kind])}`),
  ].join('\n');

type ClassRow = { readonly name: string; readonly figures: Readonly<Record<string, number>> };

/** A line a class, in points; `-` where there is nothing to find. */
export const classText = (rows: readonly ClassRow[]): string => {
  const width = rows.reduce((most, { name }) => Math.max(most, name.length), 5);
  const titles = Object.keys(rows[0]?.figures ?? {});
  return [
    ['class'.padEnd(width), ...titles.map((title) => title.padStart(6))].join(' '),
    ...rows.map(({ name, figures }) =>
      [
        name.padEnd(width),
        ...Object.values(figures).map((value) => (value < 0 ? '-'.padStart(6) : points(value))),
      ].join(' '),
    ),
  ].join('\n');
};

/** How many classes a comparison names. */
const named = 10;

export const comparisonText = (metric: string, { AP, perCategory, won, lost }: CocoComparison): string =>
  [
    `AP by ${metric} against the other run: ${signed(AP.difference).trim()} points, 95 % of draws of the images from ${signed(AP.low).trim()} to ${signed(AP.high).trim()}; ahead in ${(100 * AP.ahead).toFixed(0)} % of them`,
    `objects that only this run finds: ${won.length}; that only the other finds: ${lost.length}`,
    ...perCategory.slice(0, named).map(({ name, difference }) => ` ${signed(difference)} ${name}`),
  ].join('\n');

/** Two VOC runs on one metric. */
export type VocComparison = {
  readonly first: number;
  readonly second: number;
  readonly difference: number;
  readonly perThreshold: readonly { readonly threshold: number; readonly difference: number }[];
  /** Mean over the thresholds, the largest change first. */
  readonly perClass: readonly { readonly name: string; readonly difference: number }[];
};

export const vocComparisonText = (metric: string, { difference, perClass }: VocComparison): string =>
  [
    `mAP by ${metric} against the other run: ${signed(difference).trim()} points`,
    ...perClass.slice(0, named).map((row) => ` ${signed(row.difference)} ${row.name}`),
  ].join('\n');
