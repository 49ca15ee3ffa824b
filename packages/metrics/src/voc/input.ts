/** What a VOC evaluation reads: the objects of each image, and detections by class. Coordinates count pixels from 1, both ends inside. */
import { cornersOf } from '../box/corners.ts';
import type { BoxTable, ScoredTable } from '../core/table.ts';
import { compareIds } from '../core/tally.ts';

export interface VocObject {
  readonly name: string;
  /** Neither to be found nor counted when found. */
  readonly difficult?: boolean;
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

/** Thrown on a box without four numbers, where no reader has looked at the input before. */
export class VocInputError extends Error {
  override readonly name = 'VocInputError';
}

export interface VocTables {
  readonly images: readonly string[];
  readonly truth: BoxTable & { readonly difficult: Uint8Array };
  readonly found: ScoredTable;
  /** Detections on images without annotation, or of classes that are not asked for. */
  readonly dropped: number;
}

interface Row {
  readonly image: number;
  readonly category: number;
  readonly box: readonly number[];
}

const tableOf = (rows: readonly Row[]): BoxTable => {
  const boxes = new Float64Array(4 * rows.length);
  rows.forEach((row, i) => {
    if (row.box.length !== 4)
      throw new VocInputError(`A box is [xmin, ymin, xmax, ymax]; found ${row.box.length} numbers.`);
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

export const vocTables = (
  annotations: readonly VocAnnotation[],
  detections: readonly VocDetection[],
  classes: readonly string[],
): VocTables => {
  const images = [...new Set(annotations.map((annotation) => annotation.image))].sort(compareIds);
  const imageAt = new Map(images.map((image, i) => [image, i]));
  const classAt = new Map(classes.map((name, i) => [name, i]));
  const place = (image: string, name: string): Omit<Row, 'box'> | undefined => {
    const [atImage, category] = [imageAt.get(image), classAt.get(name)];
    return atImage === undefined || category === undefined ? undefined : { image: atImage, category };
  };
  const objects = annotations.flatMap(({ image, objects }) =>
    objects.flatMap((object) => {
      const at = place(image, object.name);
      return at === undefined ? [] : [{ ...at, box: object.box, difficult: object.difficult === true }];
    }),
  );
  const rows = detections.flatMap((detection) => {
    const at = place(detection.image, detection.name);
    return at === undefined ? [] : [{ ...at, box: detection.box, score: detection.score }];
  });
  return {
    images,
    truth: { ...tableOf(objects), difficult: Uint8Array.from(objects, (row) => Number(row.difficult)) },
    found: { ...tableOf(rows), score: Float64Array.from(rows, (row) => row.score) },
    dropped: detections.length - rows.length,
  };
};
