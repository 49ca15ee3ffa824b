/**
 * Rows and options as people bring them, good and bad, and the law they are held to: a typed error that names the row or
 * option, or a result; and one result whatever the order of the rows. Seeds make cases, so that a failure can be seen again.
 */

import { evaluateLvis, evaluateOpenImages } from '../federated/index.ts';
import { parseCocoInstances, parseCocoResults, showFault } from '../formats/index.ts';
import type { CocoDetection, CocoInstances } from '../index.ts';
import * as api from '../index.ts';
import { evaluateKeypoints, keypointAccumulator } from '../keypoints/index.ts';
import { evaluateSegm, MaskError, segmAccumulator } from '../segm/index.ts';
import { numbers } from './peers/sets.ts';

type Draw = (below: number) => number;

/** Values that are no boxes, scores or ids. */
const odd: readonly unknown[] = [
  Number.NaN,
  undefined,
  null,
  'high',
  '',
  '1',
  Number.POSITIVE_INFINITY,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  true,
  false,
  [],
  {},
  [1],
  [0, 0, 1, Number.NaN],
  ['0', 0, 1, 1],
  [0, 0, 5, 5, 5],
  new Float64Array(4),
  new Date(0),
  5n,
  Symbol('s'),
  () => 0,
  [[1, 2, 3, 4, 5, 6]],
  { size: [4, 4], counts: [16] },
  { size: [4, 4], counts: 'abc' },
  -0,
];
const oddOptions: readonly unknown[] = [
  ...odd,
  [0],
  [0.5],
  [0.5, 0.75],
  [1],
  [1.5],
  [-0.5],
  [1, 10, 100],
  [100],
  [1, 2, 3, 4],
  [Number.POSITIVE_INFINITY],
  [0.1, 'a'],
  [{ name: 'all', low: 0, high: 1e10 }],
  [{ name: 'small', low: 0, high: 10 }],
  [{ name: 'all', low: 5, high: 1 }],
  'iou',
  'giou',
  'diou',
  'ciou',
  'segm',
  () => 0.7,
  () => Number.NaN,
  () => 'much',
  'all',
  'xyxy',
  'area',
  '07',
  [77],
];
const optionNames = [
  'overlap',
  'thresholds',
  'recalls',
  'areas',
  'maxDets',
  'compat',
  'ignoreKey',
  'useCats',
  'imgIds',
  'catIds',
  'iouThresholds',
  'treshold',
  'foreground',
  'background',
  'limit',
  'score',
  'threshold',
  'area',
  'beta',
  'samples',
  'rule',
  'classes',
  'penalty',
  'sigmas',
  'boxFormat',
  'toString',
  'constructor',
];
const pick = <A>(draw: Draw, list: readonly A[]): A => list[draw(list.length)]!;

/** Any row with one of its keys changed, once in a while. */
const spoiled = (draw: Draw, row: Record<string, unknown>, often: number): Record<string, unknown> => {
  if (draw(often) !== 0) return row;
  const key = pick(draw, Object.keys(row));
  if (draw(3) > 0) return { ...row, [key]: pick(draw, odd) };
  const { [key]: _, ...rest } = row;
  return rest;
};

const options = (draw: Draw): unknown => {
  if (draw(3) > 0) return draw(2) === 0 ? {} : undefined;
  if (draw(20) === 0) return pick(draw, oddOptions);
  return Object.fromEntries(
    Array.from({ length: 1 + draw(2) }, () => [pick(draw, optionNames), pick(draw, oddOptions)]),
  );
};

export interface FuzzCase {
  readonly truth: unknown;
  readonly found: unknown;
  readonly options: unknown;
  /** Rows of both sides. */
  readonly rows: number;
}

const box = (draw: Draw): number[] => [draw(30), draw(30), 1 + draw(30), 1 + draw(30)];

export const fuzzCase = (seed: number): FuzzCase => {
  const draw = numbers(seed);
  for (let i = 0; i < 5; i++) draw(2);
  const often = pick(draw, [3, 10, 40, 1000, 1_000_000]);
  const named = draw(4) === 0;
  const imageOf = (i: number): unknown => (named ? `image ${i}` : i + 1);
  const images = Array.from({ length: draw(4) }, (_, i) =>
    spoiled(draw, { id: imageOf(i), width: 64, height: 64 }, often),
  );
  const categories = Array.from({ length: draw(4) }, (_, i) => spoiled(draw, { id: i + 1, name: `c${i}` }, often));
  const place = () => ({ image_id: imageOf(draw(4)), category_id: 1 + draw(4) });
  const annotations = Array.from({ length: draw(8) }, (_, i) =>
    spoiled(
      draw,
      { ...place(), id: i + 1, bbox: box(draw), area: 10 + draw(2000), iscrowd: Number(draw(6) === 0) },
      often,
    ),
  );
  const found = Array.from({ length: draw(12) }, () => {
    const like = annotations.length > 0 && draw(2) === 0 ? pick(draw, annotations) : undefined;
    const copied = like && { image_id: like.image_id, category_id: like.category_id, bbox: like.bbox };
    return spoiled(draw, { ...place(), bbox: box(draw), ...copied, score: draw(1000) / 1000 }, often);
  });
  const truth = spoiled(draw, { images, annotations, categories }, 20 * often);
  return { truth, found, options: options(draw), rows: annotations.length + found.length };
};

const typed: readonly (new (...args: never[]) => Error)[] = [
  api.CocoInputError,
  api.VocInputError,
  api.OptionError,
  api.OverlapError,
  api.DuplicateImageError,
  api.UnpairedRunsError,
  api.BoxColumnError,
  MaskError,
];
const isTyped = (error: unknown): error is Error => typed.some((kind) => error instanceof kind);

/** What a call gave: its result, or the name of its typed error. */
type Outcome = { readonly tag: 'value'; readonly value: unknown } | { readonly tag: 'refused'; readonly error: Error };

const outcomeOf = (what: string, run: () => unknown): Outcome => {
  try {
    return { tag: 'value', value: run() };
  } catch (error) {
    if (isTyped(error)) return { tag: 'refused', error };
    throw new Error(`${what}: raw ${String(error)}`, { cause: error });
  }
};

type Any = (...args: readonly unknown[]) => unknown;
const call = (f: unknown, ...args: readonly unknown[]): unknown => (f as Any)(...args);

const statsText = (value: unknown): string =>
  (value as { readonly stats: readonly number[] }).stats.map((v) => v.toFixed(12)).join();

/** A row is named by its list and place. */
const naming = /\w/;

const turned = (list: unknown): unknown => (Array.isArray(list) ? [...list].reverse() : list);

const scoresDiffer = (found: unknown): boolean => {
  const scores = (found as readonly { readonly score: unknown }[]).map(({ score }) => score);
  return new Set(scores).size === scores.length;
};

const finite = (value: unknown, at: string): void => {
  for (const number of (value as { readonly stats: readonly unknown[] }).stats) {
    if (typeof number !== 'number' || !(number >= -1 && number <= 1 + 1e-9))
      throw new Error(`${at}: a number is ${String(number)}`);
  }
};

/** Boxes by COCO: refusals are typed and name something; the order of the list changes neither refusal nor number. */
const coco = ({ truth, found, options: given }: FuzzCase): void => {
  const here = outcomeOf('evaluateCoco', () => call(api.evaluateCoco, truth, found, given));
  const there = outcomeOf('evaluateCoco, turned', () => call(api.evaluateCoco, truth, turned(found), given));
  if (here.tag !== there.tag) {
    throw new Error(
      `the order decides whether it is refused: ${here.tag === 'refused' ? here.error.message : ''}${there.tag === 'refused' ? there.error.message : ''}`,
    );
  }
  if (here.tag === 'refused') {
    if (!naming.test(here.error.message)) throw new Error(`nothing named: ${here.error.message}`);
    return;
  }
  if (there.tag === 'refused') return;
  finite(here.value, 'evaluateCoco');
  if (scoresDiffer(found) && statsText(here.value) !== statsText(there.value)) {
    throw new Error(`the order decides the figures: ${statsText(here.value)} and ${statsText(there.value)}`);
  }
  accounted(truth as CocoInstances, found as readonly CocoDetection[], here.value as api.CocoResult, given);
  accumulated(truth as CocoInstances, found as readonly CocoDetection[], here.value as api.CocoResult, given);
};

/** Every object and detection that names no image or category of the truth is in the notes. */
const accounted = (
  truth: CocoInstances,
  found: readonly CocoDetection[],
  result: api.CocoResult,
  given: unknown,
): void => {
  if ((given as api.CocoOptions | undefined)?.imgIds || (given as api.CocoOptions | undefined)?.catIds) return;
  const images = new Set(truth.images.map(({ id }) => id));
  const categories = new Set(truth.categories.map(({ id }) => id));
  const lost = (rows: readonly Pick<CocoDetection, 'image_id' | 'category_id'>[]): number =>
    rows.filter((row) => !images.has(row.image_id) || !categories.has(row.category_id)).length;
  const told = (...tags: readonly string[]): number =>
    result.notes.reduce((sum, note) => sum + (tags.includes(note.tag) ? note.count : 0), 0);
  const pairs = [
    ['objects', lost(truth.annotations), told('object-unknown-image', 'object-unknown-category')],
    ['detections', lost(found), told('unknown-image', 'unknown-category')],
  ] as const;
  for (const [what, are, said] of pairs) if (are !== said) throw new Error(`${are} ${what} are lost, ${said} are told`);
};

/** Image by image, as clones: the same figures. */
const accumulated = (
  truth: CocoInstances,
  found: readonly CocoDetection[],
  result: api.CocoResult,
  given: unknown,
): void => {
  if ((given as api.CocoOptions | undefined)?.imgIds) return;
  const accumulator = call(api.cocoAccumulator, truth.categories, given) as api.CocoAccumulator;
  let part = accumulator.empty;
  for (const image of truth.images) {
    const of = <A extends { readonly image_id: api.Id }>(rows: readonly A[]) =>
      rows.filter((row) => row.image_id === image.id);
    const shard = { images: [image], annotations: of(truth.annotations) };
    part = accumulator.merge(part, structuredClone(accumulator.shard(shard, of(found))));
  }
  if (statsText(accumulator.finish(part)) !== statsText(result)) throw new Error('parts differ from the whole');
};

/** The truth with what LVIS and Open Images say of images and categories, where its rows are rows. */
const labelled = (truth: unknown): unknown => {
  if (typeof truth !== 'object' || truth === null) return truth;
  const { images, categories, ...rest } = truth as { readonly images?: unknown; readonly categories?: unknown };
  const each = (rows: unknown, more: (i: number) => object): unknown =>
    Array.isArray(rows) ? rows.map((row, i) => (typeof row === 'object' && row ? { ...row, ...more(i) } : row)) : rows;
  return {
    ...rest,
    images: each(images, (i) => ({ neg_category_ids: [1 + (i % 4)], not_exhaustive_category_ids: i % 2 ? [2] : [] })),
    categories: each(categories, (i) => ({ frequency: ['r', 'c', 'f'][i % 3], supercategory: `c${i + 1}` })),
  };
};

/** All else that takes the same rows. */
const others: Readonly<Record<string, (fuzz: FuzzCase) => unknown>> = {
  cocoMatches: ({ truth, found, options: given }) => call(api.cocoMatches, truth, found, given),
  errorBreakdown: ({ truth, found, options: given }) => call(api.errorBreakdown, truth, found, given),
  'errorBreakdown, compat': ({ truth, found }) => call(api.errorBreakdown, truth, found, { compat: true }),
  confusionMatrix: ({ truth, found, options: given }) => call(api.confusionMatrix, truth, found, given),
  boxRegression: ({ truth, found, options: given }) => call(api.boxRegression, truth, found, given),
  meanIou: ({ truth, found, options: given }) => call(api.meanIou, truth, found, given),
  checkTruth: ({ truth }) => call(api.checkTruth, truth),
  evaluateSegm: ({ truth, found, options: given }) => call(evaluateSegm, truth, found, given),
  evaluateKeypoints: ({ truth, found, options: given }) => call(evaluateKeypoints, truth, found, given),
  evaluateLvis: ({ truth, found, options: given }) => call(evaluateLvis, labelled(truth), found, given),
  evaluateOpenImages: ({ truth, found, options: given }) => call(evaluateOpenImages, labelled(truth), found, given),
  segmAccumulator: ({ truth, found, options: given }) => {
    const rows = (truth ?? {}) as CocoInstances;
    return (call(segmAccumulator, rows.categories, given) as ReturnType<typeof segmAccumulator>).shard(
      { images: rows.images, annotations: rows.annotations as never },
      found as never,
    );
  },
  keypointAccumulator: ({ truth, found, options: given }) => {
    const rows = (truth ?? {}) as CocoInstances;
    return (call(keypointAccumulator, rows.categories, given) as ReturnType<typeof keypointAccumulator>).shard(
      { images: rows.images, annotations: rows.annotations as never },
      found as never,
    );
  },
  evaluateSlices: ({ truth, found, options: given }) => call(api.evaluateSlices, truth, found, 'width', given),
  evaluateVoc: ({ truth, found, options: given }) => {
    const { annotations } = (truth ?? {}) as { readonly annotations?: unknown };
    const rows = Array.isArray(annotations) ? annotations : [];
    const named = [
      { image: 'a', objects: rows.map((row) => ({ name: 'c', box: row?.bbox, difficult: row?.iscrowd })) },
    ];
    const results = Array.isArray(found)
      ? found.map((row) => ({ image: 'a', name: 'c', score: row?.score, box: row?.bbox }))
      : found;
    return call(api.evaluateVoc, named, results, given);
  },
  DetectionMetric: ({ truth, found, options: given }) => {
    const rows = (list: unknown): readonly Record<string, unknown>[] =>
      Array.isArray(list) ? list.map((row) => row ?? {}) : [];
    const there = rows((truth as CocoInstances | undefined)?.annotations);
    const seen = rows(found);
    const column = (list: readonly Record<string, unknown>[], key: string): unknown => list.map((row) => row[key]);
    const prediction = {
      boxes: column(seen, 'bbox'),
      scores: column(seen, 'score'),
      labels: column(seen, 'category_id'),
    };
    const target = {
      boxes: column(there, 'bbox'),
      labels: column(there, 'category_id'),
      iscrowd: column(there, 'iscrowd'),
    };
    return new api.DetectionMetric(given as never).update([prediction as never], [target as never]).compute().stats;
  },
};

/** The analyses of a result: a threshold is an IoU, one that was not evaluated is refused. */
const analyses = ({ truth, found, options: given }: FuzzCase): void => {
  let result: api.CocoResult;
  try {
    result = call(api.evaluateCoco, truth, found) as api.CocoResult;
  } catch (error) {
    if (isTyped(error)) return;
    throw error;
  }
  for (const threshold of [0.75, 5, 0]) {
    const curves = result.perCategory.map(({ id }) =>
      outcomeOf('curveOf', () => api.curveOf(result, id, { threshold })),
    );
    const f = outcomeOf('bestF1', () => api.bestF1(result, { threshold }));
    if (threshold !== 0.75) {
      if ([...curves, f].some(({ tag }) => tag === 'value')) throw new Error(`threshold ${threshold} was taken`);
      continue;
    }
    const alone = call(api.evaluateCoco, truth, found, { thresholds: [threshold] }) as api.CocoResult;
    curves.forEach((curve, k) => {
      const { id } = result.perCategory[k];
      const same = api.curveOf(alone, id, { threshold });
      const ours = (curve as { readonly value: api.Curve }).value;
      if (ours.precision.join() !== same.precision.join()) throw new Error('the curve at 0.75 is of another threshold');
    });
  }
  const { bestF1, calibration, fScores, metricDictionary, categoryTable } = api;
  outcomeOf('curveOf', () => call(api.curveOf, result, 1, given));
  for (const [name, analysis] of Object.entries({ bestF1, calibration, fScores, metricDictionary, categoryTable }))
    outcomeOf(name, () => call(analysis, result, given));
};

/** As a file has it: typed arrays are lists. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof Float64Array
      ? Array.from(inner)
      : typeof inner === 'bigint' || typeof inner === 'symbol'
        ? undefined
        : inner,
  );

/** Fields of LVIS are told; images with names are as good as images with numbers; masks without boxes are named so. */
const forms = ({ truth: given, found: rows }: FuzzCase, seed: number): void => {
  let plain: api.CocoResult;
  try {
    plain = call(api.evaluateCoco, given, rows) as api.CocoResult;
  } catch (error) {
    if (isTyped(error)) return;
    throw error;
  }
  const [truth, found] = [given as CocoInstances, rows as readonly CocoDetection[]];
  const draw = numbers(seed + 7);
  const federated = truth.images.map((image) => (draw(2) === 0 ? { ...image, neg_category_ids: [] } : image));
  const marked = federated.filter((image) => 'neg_category_ids' in image).length;
  const { notes } = api.evaluateCoco({ ...truth, images: federated }, found);
  const told = notes.find(({ tag }) => tag === 'lvis-fields')?.count ?? 0;
  if (told !== marked) throw new Error(`${marked} images have LVIS's fields, ${told} are told`);

  // The same order as names as they had as numbers or names.
  const order = [
    ...new Set([
      ...truth.images.map(({ id }) => id),
      ...found.map((row) => row.image_id),
      ...truth.annotations.map((row) => row.image_id),
    ]),
  ].sort((a, b) => (typeof a === typeof b ? (a < b ? -1 : 1) : typeof a === 'number' ? -1 : 1));
  const name = (id: api.Id): string => `image ${String(order.indexOf(id)).padStart(6, '0')}`;
  const renamed = <A extends { readonly image_id: api.Id }>(list: readonly A[]): readonly A[] =>
    list.map((row) => ({ ...row, image_id: name(row.image_id) }));
  const named = {
    ...truth,
    images: truth.images.map((image) => ({ ...image, id: name(image.id) })),
    annotations: renamed(truth.annotations),
  };
  const texts = ['instances', 'results'] as const;
  const read = [
    parseCocoInstances(jsonOf(named), texts[0]),
    parseCocoResults(jsonOf(renamed(found)), texts[1]),
  ] as const;
  const [gt, dt] = read;
  if (gt._tag === 'Left') throw new Error(`images with names are refused: ${showFault(gt.left[0])}`);
  if (dt._tag === 'Left') throw new Error(`images with names are refused: ${showFault(dt.left[0])}`);
  if (statsText(api.evaluateCoco(gt.right, dt.right)) !== statsText(plain)) throw new Error('names change the figures');

  if (found.length === 0) return;
  const masks = found.map(({ bbox: _, ...row }) => ({ ...row, segmentation: { size: [4, 4], counts: [16] } }));
  const refused = parseCocoResults(jsonOf(masks), 'masks');
  if (refused._tag === 'Right' || refused.left.length !== 1 || !/masks/.test(showFault(refused.left[0]))) {
    throw new Error('masks without boxes are not told once and by name');
  }
};

/** Bytes that are no text leave no control characters in a message. */
const bytes = (seed: number): void => {
  const draw = numbers(seed + 9);
  const text = String.fromCharCode(0x1f, 0xfffd, ...Array.from({ length: 12 }, () => draw(32)));
  for (const parsed of [parseCocoInstances(text, 'f'), parseCocoResults(text, 'f')]) {
    const message = parsed._tag === 'Left' ? showFault(parsed.left[0]) : '';
    if (!/gzip/.test(message) || /\p{Cc}/u.test(message)) throw new Error(`of gzip it says ${JSON.stringify(message)}`);
  }
};

/** A category with detections and no object counts as AP 0 for tidecv, and not at all by default. */
const tide = ({ truth: given, found: rows }: FuzzCase): void => {
  let result: api.CocoResult;
  try {
    result = call(api.evaluateCoco, given, rows) as api.CocoResult;
  } catch (error) {
    if (isTyped(error)) return;
    throw error;
  }
  const [truth, found] = [given as CocoInstances, rows as readonly CocoDetection[]];
  // What lies beyond COCO's ranges of area is told in a note, and nothing to find.
  const [images, categories] = [
    new Set(truth.images.map(({ id }) => id)),
    new Set(truth.categories.map(({ id }) => id)),
  ];
  const beyond = truth.annotations.filter(
    ({ image_id, category_id, area, iscrowd }) =>
      images.has(image_id) && categories.has(category_id) && !iscrowd && (area ?? 0) > 1e10,
  ).length;
  const told = result.notes.find(({ tag }) => tag === 'no-range')?.count ?? 0;
  if (told < beyond) throw new Error(`${beyond} objects lie beyond all areas, ${told} are told`);
  if (beyond > 0 || truth.annotations.some(({ iscrowd }) => iscrowd)) return;
  const ofKnown = <A extends { readonly image_id: api.Id; readonly category_id: number }>(
    list: readonly A[],
  ): ReadonlySet<number> => new Set(list.filter((row) => images.has(row.image_id)).map((row) => row.category_id));
  const [there, seen] = [ofKnown(truth.annotations), ofKnown(found)];
  const ids = truth.categories.map(({ id }) => id);
  const counted = ids.filter((id) => there.has(id) || seen.has(id)).length;
  const empty = ids.filter((id) => !there.has(id) && seen.has(id)).length;
  const { AP, cost } = api.errorBreakdown(truth, found, { compat: true });
  if (counted > 0 && AP > 1 - empty / counted + 1e-9)
    throw new Error(`tidecv's AP is ${AP} with ${empty} of ${counted} categories empty`);
  if (Object.values(cost).some((value) => value < 0)) throw new Error('a negative cost');
  const ours = api.errorBreakdown(truth, found).AP;
  if (Math.abs(ours - Math.max(0, result.stats[1])) > 1e-9)
    throw new Error(`AP of the breakdown ${ours}, AP50 ${result.stats[1]}`);
};

/** @throws Error saying which law a case breaks. */
export const holdToLaw = (fuzz: FuzzCase, seed: number): void => {
  coco(fuzz);
  analyses(fuzz);
  forms(fuzz, seed);
  bytes(seed);
  tide(fuzz);
  for (const [name, run] of Object.entries(others)) outcomeOf(name, () => run(fuzz));
};
