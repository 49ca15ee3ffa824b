/** Result files of `valid` as text: VOC `comp4` lines, COCO rows, ImageNet lines (SPEC 6.5). Boxes are in pixels of the image. */
import type { Candidates } from './candidates.ts';
import { fixed6 } from './fixed.ts';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

interface Corners {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const { fround } = Math;

/** Corners of a row's box, moved by `shift` and clamped to `shift` and the image's far side, rounded as the original does. */
const corners = ({ boxes }: Candidates, row: number, { width, height }: ImageSize, shift: number): Corners => {
  const [x, y, w, h] = [boxes[4 * row], boxes[4 * row + 1], boxes[4 * row + 2], boxes[4 * row + 3]];
  return {
    left: Math.max(shift, fround(x - w / 2 + shift)),
    top: Math.max(shift, fround(y - h / 2 + shift)),
    right: Math.min(width, fround(x + w / 2 + shift)),
    bottom: Math.min(height, fround(y + h / 2 + shift)),
  };
};

type Visit<A> = (row: number, classIndex: number, score: number) => A;

const visitScores = <A>({ count, classes, probabilities }: Candidates, visit: Visit<A>): readonly A[] => {
  const visited: A[] = [];
  for (let row = 0; row < count; row++) {
    for (let c = 0; c < classes; c++) {
      const score = probabilities[row * classes + c];
      if (score !== 0) visited.push(visit(row, c, score));
    }
  }
  return visited;
};

/** `comp4_det_test_dog.txt`; with a stem (`-out`), `<stem>dog.txt`. */
export const vocFileName = (className: string, stem = 'comp4_det_test_'): string => `${stem}${className}.txt`;

/** For each class the lines `id score xmin ymin xmax ymax` of one image, 1-based; empty where there are none. */
export const vocLines = (candidates: Candidates, image: ImageSize & { readonly id: string }): readonly string[] => {
  const byClass = new Array<string>(candidates.classes).fill('');
  visitScores(candidates, (row, c, score) => {
    const { left, top, right, bottom } = corners(candidates, row, image, 1);
    byClass[c] += `${image.id} ${[score, left, top, right, bottom].map(fixed6).join(' ')}\n`;
  });
  return byClass;
};

/** COCO numbers its 80 classes from 1 to 90 with gaps. */
export const cocoCategoryIds: readonly number[] = Array.from({ length: 90 }, (_, i) => i + 1).filter(
  (id) => ![12, 26, 29, 30, 45, 66, 68, 69, 71, 83].includes(id),
);

/** Rows of `coco_results.json` for one image; `categoryIds` holds the id of every class. */
export const cocoRows = (
  candidates: Candidates,
  image: ImageSize & { readonly id: number },
  categoryIds: readonly number[] = cocoCategoryIds,
): readonly string[] => {
  if (candidates.classes > categoryIds.length) {
    throw new RangeError(`cocoRows: ${candidates.classes} classes, but category ids for ${categoryIds.length} only`);
  }
  return visitScores(candidates, (row, c, score) => {
    const { left, top, right, bottom } = corners(candidates, row, image, 0);
    const box = [left, top, fround(right - left), fround(bottom - top)].map(fixed6).join(', ');
    return `{"image_id":${image.id}, "category_id":${categoryIds[c]}, "bbox":[${box}], "score":${fixed6(score)}}`;
  });
};

/** The whole file. Without rows it is an empty array (the original writes invalid JSON, SPEC D-22). */
export const cocoText = (rows: readonly string[]): string => `[\n${rows.join(',\n')}${rows.length > 0 ? '\n' : ''}]\n`;

/** Lines `index class score xmin ymin xmax ymax` of one image; `index` and class count from 1. */
export const imagenetLines = (candidates: Candidates, image: ImageSize & { readonly index: number }): string =>
  visitScores(candidates, (row, c, score) => {
    const { left, top, right, bottom } = corners(candidates, row, image, 0);
    return `${image.index} ${c + 1} ${[score, left, top, right, bottom].map(fixed6).join(' ')}\n`;
  }).join('');
