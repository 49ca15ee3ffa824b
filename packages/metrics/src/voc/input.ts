/** What a VOC evaluation reads: the objects of each image, and detections by class. Coordinates count pixels from 1, both ends inside. */
import { cornersOf } from '../box/corners.ts';
import type { Counted } from '../coco/counts.ts';
import { countIds } from '../coco/counts.ts';
import type { BoxTable, ScoredTable } from '../core/table.ts';
import { compareIds } from '../core/tally.ts';

export interface VocObject {
  readonly name: string;
  /** Neither to be found nor counted when found. */
  readonly difficult?: boolean | 0 | 1;
  /** xmin, ymin, xmax, ymax */
  readonly box: readonly number[];
}

export interface VocAnnotation {
  readonly image: string;
  readonly objects: readonly VocObject[];
}

export interface VocDetection {
  readonly image: string;
  readonly name: string;
  readonly score: number;
  readonly box: readonly number[];
}

/** Thrown on input that no evaluation can be made of, where no reader has looked at it before. */
export class VocInputError extends Error {
  override readonly name = 'VocInputError';
}

/** Rows that are left out. */
export interface VocDropped {
  /** Objects of classes that are not asked for. */
  readonly objects: Counted;
  /** Detections on images without annotation, and of classes that are not asked for. */
  readonly unknownImages: Counted;
  readonly unknownClasses: Counted;
}

export interface VocTables {
  readonly images: readonly string[];
  readonly truth: BoxTable & { readonly difficult: Uint8Array };
  readonly found: ScoredTable;
  readonly dropped: VocDropped;
}

interface Row {
  readonly image: number;
  readonly category: number;
  readonly box: readonly number[];
}

const tableOf = (rows: readonly Row[]): BoxTable => {
  const boxes = new Float64Array(4 * rows.length);
  rows.forEach((row, i) => {
    boxes.set(row.box, 4 * i);
  });
  return {
    length: rows.length,
    image: Uint32Array.from(rows, (row) => row.image),
    category: Uint32Array.from(rows, (row) => row.category),
    corners: cornersOf(boxes, 'xyxy', 1),
    area: new Float64Array(0),
  };
};

/** Rows that were looked at (`requireAnnotations`, `requireDetections`) in columns. */
export const vocTables = (
  annotations: readonly VocAnnotation[],
  detections: readonly VocDetection[],
  classes: readonly string[],
): VocTables => {
  // An image may have several rows.
  const images = [...new Set(annotations.map((annotation) => annotation.image))].sort(compareIds);
  const imageAt = new Map(images.map((image, i) => [image, i]));
  const classAt = new Map(classes.map((name, i) => [name, i]));
  const lost = { objects: [] as string[], unknownImages: [] as string[], unknownClasses: [] as string[] };
  const objects: (Row & { readonly difficult: boolean })[] = [];
  for (const annotation of annotations) {
    const image = imageAt.get(annotation.image)!;
    for (const { name, box, difficult } of annotation.objects) {
      const category = classAt.get(name);
      if (category === undefined) lost.objects.push(name);
      else objects.push({ image, category, box, difficult: Boolean(difficult) });
    }
  }
  const rows: (Row & { readonly score: number })[] = [];
  for (const { image: name, name: label, box, score } of detections) {
    const [image, category] = [imageAt.get(name), classAt.get(label)];
    if (image === undefined) lost.unknownImages.push(name);
    else if (category === undefined) lost.unknownClasses.push(label);
    else rows.push({ image, category, box, score });
  }
  return {
    images,
    truth: { ...tableOf(objects), difficult: Uint8Array.from(objects, (row) => Number(row.difficult)) },
    found: { ...tableOf(rows), score: Float64Array.from(rows, (row) => row.score) },
    dropped: {
      objects: countIds(lost.objects),
      unknownImages: countIds(lost.unknownImages),
      unknownClasses: countIds(lost.unknownClasses),
    },
  };
};
