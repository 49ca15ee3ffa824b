/**
 * What there is to find: label files beside the images, VOC's annotations or COCO's, and the gathering of what was found.
 * Detections are taken as the result files of `valid` hold them, so that the scores are those of `valid` and `eval`.
 */
import { join } from 'node:path';
import {
  type CocoAnnotation,
  type CocoCategory,
  type CocoDetection,
  type CocoInstances,
  cocoAccumulator,
  type Id,
  type VocAnnotation,
  type VocDetection,
  type VocRule,
  vocAccumulator,
} from '@gdarknet/metrics';
import { readCocoInstances, readVocAnnotations } from '@gdarknet/metrics/io';
import { type Candidates, cocoCategoryIds, cocoImageId, cocoRows, vocImageId, vocLines } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Failure, formatFailure, modelFailure, refused } from '../core/failure.ts';
import { foundIn, truthsOf } from '../detection/assess.ts';
import type { Found } from '../detection/detect-all.ts';
import { type About, type ByMetric, byMetric, type Part, type Scores, scoresOf } from './scores.ts';

/** One image of the whole list. */
export type Asked = { readonly index: number; readonly path: string };

export type Truth = {
  /** Tells it from others, in names of files and in messages. */
  readonly name: string;
  readonly withLabels: boolean;
  readonly units: 'relative' | 'pixels';
  readonly about: About;
  /** Of the images asked for; `found` is called with the place in the whole list. */
  readonly gather: (asked: readonly Asked[]) => {
    readonly found: (one: Found, index: number) => void;
    readonly part: () => Part;
  };
  readonly merge: (a: Part, b: Part) => Part;
  /** Throws DuplicateImageError when parts overlap. */
  readonly scores: (part: Part) => ByMetric<Scores>;
};

const bothOf = <A>(a: A | undefined, b: A | undefined, join: (a: A, b: A) => A | undefined): A | undefined =>
  a === undefined || b === undefined ? undefined : join(a, b);

const cocoAccumulators = (categories: readonly CocoCategory[], ignoreKey: boolean) =>
  byMetric((overlap) => cocoAccumulator(categories, { overlap, ignoreKey }));

const vocAccumulators = (classes: readonly string[], rule: VocRule) =>
  byMetric((overlap) => vocAccumulator(classes, { overlap, rule }));

/** How parts are merged and scored. */
export const scorerOf = ({ categories, ignoreKey, voc: own }: About): Pick<Truth, 'merge' | 'scores'> => {
  const coco = cocoAccumulators(categories, ignoreKey);
  const voc = own && vocAccumulators(own.classes, own.rule);
  return {
    merge: (a, b) => ({
      images: a.images + b.images,
      coco: byMetric((m) => coco[m].merge(a.coco[m], b.coco[m])),
      voc: bothOf(a.voc, b.voc, (x, y) => voc && byMetric((m) => voc[m].merge(x[m], y[m]))),
    }),
    scores: (part) => byMetric((m) => scoresOf(coco[m].finish(part.coco[m]), part.voc && voc?.[m].finish(part.voc[m]))),
  };
};

/** Label files as training reads them, by COCO's rules: what `train --assess` measures. */
export const labelTruth = (names: readonly string[]): Truth => {
  const about = { categories: names.map((name, id) => ({ id, name })), ignoreKey: false, voc: undefined };
  const accumulators = cocoAccumulators(about.categories, false);
  return {
    name: 'labels',
    withLabels: true,
    units: 'relative',
    about,
    ...scorerOf(about),
    gather: () => {
      const images: { readonly id: number }[] = [];
      const annotations: CocoAnnotation[] = [];
      const detections: CocoDetection[] = [];
      return {
        found: ({ picture, candidates }, id) => {
          images.push({ id });
          for (const truth of truthsOf(picture.labels, id, picture)) annotations.push(truth);
          for (const detection of foundIn(candidates, id, picture)) detections.push(detection);
        },
        part: () => {
          // Ids from 1: pycocotools stumbles over an annotation with id 0.
          const truth = { images, annotations: annotations.map((annotation, i) => ({ ...annotation, id: i + 1 })) };
          const coco = byMetric((metric) => accumulators[metric].shard(truth, detections));
          return { images: images.length, coco, voc: undefined };
        },
      };
    },
  };
};

const grouped = <A>(rows: readonly A[], key: (row: A) => Id): ReadonlyMap<Id, readonly A[]> => {
  const groups = new Map<Id, A[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
};

const missingImages = (file: string, missing: readonly string[]): Failure =>
  refused(
    `${file}: holds nothing of ${missing.length} images of the list, the first ${missing[0]}`,
    'give the annotations that belong to the valid= list',
  );

/** COCO's annotations, of the images of the list. */
export const cocoTruth = (file: string, images: readonly string[]): TE.TaskEither<Failure, Truth> =>
  pipe(
    TE.mapLeft(formatFailure)(() => readCocoInstances(file)),
    TE.flatMapEither((instances) =>
      E.map((ids: readonly number[]) => ofInstances(instances, ids))(idsIn(file, instances, images)),
    ),
  );

const idsIn = (
  file: string,
  { images }: CocoInstances,
  paths: readonly string[],
): E.Either<Failure, readonly number[]> => {
  const known = new Set(images.map(({ id }) => id));
  const ids = paths.map((path) => cocoImageId(path));
  const faults = ids.flatMap((id) => (E.isLeft(id) ? id.left : []));
  if (faults.length > 0) return E.left(modelFailure(faults));
  const whole = ids.map(E.getOrElse(() => 0));
  const missing = paths.filter((_, i) => !known.has(whole[i]));
  return missing.length > 0 ? E.left(missingImages(file, missing)) : E.right(whole);
};

const ofInstances = ({ annotations, categories }: CocoInstances, ids: readonly number[]): Truth => {
  const about = { categories, ignoreKey: false, voc: undefined };
  const accumulators = cocoAccumulators(categories, false);
  const byImage = grouped(annotations, ({ image_id }) => image_id);
  return {
    name: 'coco',
    withLabels: false,
    units: 'pixels',
    about,
    ...scorerOf(about),
    gather: (asked) => {
      const images = asked.map(({ index }) => ({ id: ids[index] }));
      const detections: CocoDetection[] = [];
      return {
        found: ({ picture: { width, height }, candidates }, index) => {
          for (const row of cocoRows(candidates, { width, height, id: ids[index] }, cocoCategoryIds)) {
            detections.push(JSON.parse(row));
          }
        },
        part: () => {
          const truth = { images, annotations: images.flatMap(({ id }) => byImage.get(id) ?? []) };
          return {
            images: images.length,
            coco: byMetric((metric) => accumulators[metric].shard(truth, detections)),
            voc: undefined,
          };
        },
      };
    },
  };
};

export type VocPlace = {
  readonly vocDir: string;
  readonly year: string;
  readonly imageSet: string;
  readonly rule: VocRule;
};

/** VOC's annotations: its own rules for map.txt, and COCO's over the same boxes, difficult objects left out. */
export const vocTruth = (
  place: VocPlace,
  names: readonly string[],
  images: readonly string[],
): TE.TaskEither<Failure, Truth> =>
  pipe(
    TE.mapLeft(formatFailure)(() => readVocAnnotations(place)),
    TE.flatMapEither((annotations) => {
      const listed = new Set(images.map(vocImageId));
      const inSet = annotations.filter(({ image }) => listed.has(image));
      return inSet.length === 0
        ? E.left(missingImages(join(place.vocDir, `VOC${place.year}`, place.imageSet), images))
        : E.right(ofAnnotations(annotations, names, images, place.rule));
    }),
  );

const parsedLines = (
  candidates: Candidates,
  size: { width: number; height: number },
  id: string,
  names: readonly string[],
) =>
  vocLines(candidates, { width: size.width, height: size.height, id }).flatMap((lines, c) =>
    lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line): VocDetection => {
        const [score, ...box] = line.split(' ').slice(1).map(Number);
        return { image: id, name: names[c], score, box };
      }),
  );

/** Inclusive 1-based corners to left, top, width, height. */
const edges = ([xmin, ymin, xmax, ymax]: readonly number[]): readonly number[] => [
  xmin - 1,
  ymin - 1,
  xmax - xmin + 1,
  ymax - ymin + 1,
];

const ofAnnotations = (
  annotations: readonly VocAnnotation[],
  names: readonly string[],
  images: readonly string[],
  rule: VocRule,
): Truth => {
  const own = vocAccumulators(names, rule);
  const about = {
    categories: names.map((name, id) => ({ id, name })),
    ignoreKey: true,
    voc: { classes: names, rule },
  };
  const coco = cocoAccumulators(about.categories, true);
  const classOf = new Map(names.map((name, id) => [name, id]));
  const numberOf = new Map(annotations.map(({ image }, i) => [image, i + 1]));
  const listed = new Set(images.map(vocImageId));
  // Images of the set that are not in the list have objects that nobody looks for: they count, once.
  const unlisted = annotations.filter(({ image }) => !listed.has(image));
  const first = new Map<string, number>();
  images.forEach((path, index) => {
    const id = vocImageId(path);
    if (!first.has(id)) first.set(id, index);
  });
  return {
    name: 'voc',
    withLabels: false,
    units: 'pixels',
    about,
    ...scorerOf(about),
    gather: (asked) => {
      const mine = new Set(
        asked.filter(({ index, path }) => first.get(vocImageId(path)) === index).map(({ path }) => vocImageId(path)),
      );
      const truths = [
        ...annotations.filter(({ image }) => mine.has(image)),
        ...(asked.some(({ index }) => index === 0) ? unlisted : []),
      ];
      const detections: VocDetection[] = [];
      return {
        found: ({ picture, candidates }) => {
          for (const row of parsedLines(candidates, picture, vocImageId(picture.path), names)) detections.push(row);
        },
        part: () => {
          const truth = {
            images: truths.map(({ image }) => ({ id: numberOf.get(image) ?? 0 })),
            annotations: truths
              .flatMap(({ image, objects }) =>
                objects.flatMap(({ name, box, difficult }) => {
                  const category_id = classOf.get(name);
                  const image_id = numberOf.get(image) ?? 0;
                  return category_id === undefined
                    ? []
                    : [{ image_id, category_id, bbox: edges(box), ignore: difficult ?? false }];
                }),
              )
              .map((annotation, i) => ({ ...annotation, id: i + 1 })),
          };
          const rows = detections.map(({ image, name, score, box }) => ({
            image_id: numberOf.get(image) ?? 0,
            category_id: classOf.get(name) ?? -1,
            score,
            bbox: edges(box),
          }));
          return {
            images: truths.length,
            coco: byMetric((metric) => coco[metric].shard(truth, rows)),
            voc: byMetric((metric) => own[metric].shard(truths, detections)),
          };
        },
      };
    },
  };
};
