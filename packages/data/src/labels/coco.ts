/**
 * COCO instances (`images`, `annotations`, `categories`) to labels and back. `bbox` is left, top, width, height in
 * pixels; the original's coco_label.py wrote that corner as the centre (D-24), which is not repeated.
 */
import * as E from 'fp-ts/lib/Either.js';
import type { DataFault } from '../fault.ts';
import { reasonOf } from '../fault.ts';
import type { Label } from './label.ts';

export type CocoImage = {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
};
export type CocoCategory = { readonly id: number; readonly name: string; readonly supercategory?: string };
export type CocoAnnotation = {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly [number, number, number, number];
  readonly area: number;
  readonly iscrowd: 0 | 1;
  readonly segmentation?: unknown;
};
export type CocoInstances = {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
};

type JsonObject = { readonly [key: string]: unknown };
const isRecord = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field's test and what it should be, by list. Fields not named here are passed on as they are. */
const fields: Readonly<
  Record<keyof CocoInstances, Readonly<Record<string, readonly [(v: unknown) => boolean, string]>>>
> = (() => {
  const id = [Number.isInteger, 'a whole number'] as const;
  const size = [(v: unknown) => typeof v === 'number' && Number.isFinite(v) && v > 0, 'a number above 0'] as const;
  const text = [(v: unknown) => typeof v === 'string' && v !== '', 'a text'] as const;
  const isBox = (v: unknown): boolean => Array.isArray(v) && v.length === 4 && v.every((n) => Number.isFinite(n));
  return {
    images: { id, file_name: text, width: size, height: size },
    categories: { id, name: text },
    annotations: { id, image_id: id, category_id: id, bbox: [isBox, 'four numbers: left, top, width, height'] },
  };
})();

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);

/** All faults of the document together. */
export const parseCoco = (text: string, file: string): E.Either<readonly DataFault[], CocoInstances> => {
  const faults: DataFault[] = [];
  const fault = (key: string, found: unknown, expected: string): void => {
    faults.push({ tag: 'key', file, key, found: show(found), expected, advice: 'correct the annotations' });
  };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (thrown) {
    return E.left([
      { tag: 'key', file, key: '(document)', found: reasonOf(thrown), expected: 'JSON', advice: 'correct the file' },
    ]);
  }
  const root = isRecord(document) ? document : {};
  const listOf = (name: keyof CocoInstances): JsonObject[] => {
    const list = root[name];
    if (!Array.isArray(list)) {
      fault(name, list, 'a list');
      return [];
    }
    for (const [i, entry] of list.entries()) {
      if (!isRecord(entry)) {
        fault(`${name}[${i}]`, entry, 'an object');
        continue;
      }
      for (const [key, [test, expected]] of Object.entries(fields[name])) {
        if (!test(entry[key])) fault(`${name}[${i}].${key}`, entry[key], expected);
      }
    }
    return list;
  };
  const images = listOf('images');
  const categories = listOf('categories');
  const annotations = listOf('annotations');
  if (faults.length > 0) return E.left(faults);
  const complete = annotations.map((a) => {
    const [, , w, h] = a.bbox as number[];
    return { ...a, area: Number.isFinite(a.area) ? a.area : w * h, iscrowd: a.iscrowd ? 1 : 0 };
  });
  return E.right({ images, categories, annotations: complete } as unknown as CocoInstances);
};

export type CocoOptions = {
  /** `skip` (the default) leaves out regions marked as crowds. */ readonly crowd?: 'skip' | 'keep';
};

export type CocoLabels = {
  /** Class names in the order of category ids: COCO's 1..90 with gaps becomes 0..79. */
  readonly names: readonly string[];
  /** One entry for each image of the document, in its order, with or without objects. */
  readonly images: readonly { readonly image: CocoImage; readonly labels: readonly Label[] }[];
  readonly faults: readonly DataFault[];
};

/** The part of a box inside its image as a label; undefined when nothing of it is left. */
const labelOf = (classId: number, bbox: CocoAnnotation['bbox'], { width, height }: CocoImage): Label | undefined => {
  const [left, right] = [Math.max(bbox[0], 0), Math.min(bbox[0] + bbox[2], width)];
  const [top, bottom] = [Math.max(bbox[1], 0), Math.min(bbox[1] + bbox[3], height)];
  if (!(right > left && bottom > top)) return undefined;
  const centre = { x: (left + right) / 2 / width, y: (top + bottom) / 2 / height };
  return { classId, ...centre, w: (right - left) / width, h: (bottom - top) / height };
};

/** Boxes are cut at the picture's edges; one without area, or of an unknown image or category, is a fault and left out. */
export const cocoToLabels = (coco: CocoInstances, file: string, options: CocoOptions = {}): CocoLabels => {
  const categories = [...coco.categories].sort((a, b) => a.id - b.id);
  const classOf = new Map(categories.map((c, i) => [c.id, i]));
  const entries = new Map(coco.images.map((image) => [image.id, { image, labels: [] as Label[] }]));
  const faults: DataFault[] = [];
  for (const [i, annotation] of coco.annotations.entries()) {
    if (annotation.iscrowd && options.crowd !== 'keep') continue;
    const entry = entries.get(annotation.image_id);
    const classId = classOf.get(annotation.category_id);
    const label = entry && classId !== undefined && labelOf(classId, annotation.bbox, entry.image);
    if (entry && label) {
      entry.labels.push(label);
      continue;
    }
    const [key, expected] =
      entry === undefined
        ? (['image_id', 'the id of an image'] as const)
        : classId === undefined
          ? (['category_id', 'the id of a category'] as const)
          : (['bbox', 'a box with an area inside the image'] as const);
    const place = { file, key: `annotations[${i}].${key}`, found: show(annotation[key]) };
    faults.push({ tag: 'key', ...place, expected, advice: `annotation ${annotation.id} is left out` });
  }
  return { names: categories.map((c) => c.name), images: [...entries.values()], faults };
};

/** Category ids are class indices + 1, annotation ids count from 1. */
export const labelsToCoco = (
  images: readonly { readonly image: CocoImage; readonly labels: readonly Label[] }[],
  names: readonly string[],
): CocoInstances => {
  let id = 0;
  return {
    images: images.map(({ image }) => image),
    categories: names.map((name, i) => ({ id: i + 1, name })),
    annotations: images.flatMap(({ image, labels }) =>
      labels.map(({ classId, x, y, w, h }): CocoAnnotation => {
        const [width, height] = [w * image.width, h * image.height];
        const bbox = [x * image.width - width / 2, y * image.height - height / 2, width, height] as const;
        id++;
        return { id, image_id: image.id, category_id: classId + 1, bbox, area: width * height, iscrowd: 0 };
      }),
    ),
  };
};
