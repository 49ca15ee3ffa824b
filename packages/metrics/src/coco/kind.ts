/**
 * What is compared with what: boxes, masks, keypoints. A kind makes columns and a measure of rows; everything after that is
 * the same for all kinds, at once, in parts or on threads.
 */
import type { Rules } from '../check/rows.ts';
import type { Tally } from '../core/tally.ts';
import { tallyOf } from '../core/tally.ts';
import type { CocoSums } from './accumulate.ts';
import { sumsOf } from './accumulate.ts';
import { requireLists, requireRows } from './check.ts';
import { labellingOf } from './federation.ts';
import type { CocoIndex } from './index-of.ts';
import { categoriesOf, indexOf, refuseUnknown } from './index-of.ts';
import type { CocoAnnotation, CocoCategory, CocoDetection, CocoImage } from './input.ts';
import type { CocoCounts } from './notes.ts';
import { countsOf } from './notes.ts';
import type { CocoParams, Measure } from './params.ts';
import { cocoStage } from './stage.ts';
import type { DetectionTable, FoundRow, TruthRow, TruthTable } from './tables.ts';
import { detectionTable, truthTable } from './tables.ts';
import { cocoTally } from './tally.ts';

/** The truth of any kind. */
export interface Instances<A> {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly A[];
  readonly categories: readonly CocoCategory[];
}

/** Some images with their rows, and what the lists are called in errors. */
export interface KindRows<A, D> {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly A[];
  readonly detections: readonly D[];
  readonly lists: { readonly annotations: string; readonly detections: string };
}

export const plainLists: KindRows<never, never>['lists'] = { annotations: 'annotations', detections: 'detections' };

/** Columns and a measure; without one the boxes are measured by the overlap of the parameters. */
export interface KindTables<C = unknown> {
  readonly truth: TruthTable;
  readonly found: DetectionTable;
  readonly measure?: Measure | undefined;
  /** What the measure is made of, as plain data. */
  readonly columns?: C | undefined;
}

export type LoadParams = Pick<CocoParams, 'useCats' | 'imgIds' | 'catIds' | 'ignoreKey' | 'federation'>;

export interface Kind<A extends TruthRow, D extends FoundRow, C = unknown> {
  /** The rows have boxes of their own, whose form can be looked at. */
  readonly boxes: boolean;
  /** @throws CocoInputError naming the first row that is not as it must be. */
  readonly load: (rows: KindRows<A, D>, index: CocoIndex, params: CocoParams) => KindTables<C>;
}

/** Rules of an evaluation of its own, by which the last step makes figures of sums. */
export type Finish<R> = (
  tally: Tally,
  sums: CocoSums,
  categories: readonly CocoCategory[],
  params: CocoParams,
  counts: CocoCounts,
) => R;

export const boxTables = (
  { images, annotations, detections, lists }: KindRows<CocoAnnotation, CocoDetection>,
  index: CocoIndex,
  params: LoadParams,
): KindTables => {
  const truth = truthTable(annotations, index, params, { list: lists.annotations });
  // Rows that are no list are refused with the others.
  if (!Array.isArray(detections)) requireRows(detections, lists.detections, noRules);
  const labelling = labellingOf(images, annotations, detections, index, params);
  return { truth, found: detectionTable(detections, index, { list: lists.detections }, labelling) };
};
const noRules: Rules = {};

export const boxKind: Kind<CocoAnnotation, CocoDetection> = { boxes: true, load: boxTables };

/** The images and categories of a truth, looked at. */
export const indexFor = <A>(groundTruth: Instances<A>, params: LoadParams): CocoIndex => {
  requireLists(groundTruth);
  const index = indexOf(groundTruth.images, categoriesOf(groundTruth.categories, params), params);
  refuseUnknown(index, params);
  return index;
};

/** One evaluation of any kind, at once. */
export const evaluateKind = <A extends TruthRow, D extends FoundRow, R>(
  kind: Kind<A, D>,
  finish: Finish<R>,
  params: CocoParams,
  groundTruth: Instances<A>,
  detections: readonly D[],
): R => {
  const index = indexFor(groundTruth, params);
  const { images, annotations } = groundTruth;
  const { truth, found, measure } = kind.load({ images, annotations, detections, lists: plainLists }, index, params);
  const tally = tallyOf(cocoTally(cocoStage(truth, found, index, params), params, measure));
  const counts = countsOf(images, index, truth, found, params, kind);
  const ids = index.categories.map(({ id }) => id);
  const [sums] = sumsOf(tally, ids, params);
  return finish(tally, sums, index.categories, params, counts);
};
