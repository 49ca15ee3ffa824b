/**
 * A made-up set of masks as large as COCO's validation set with a detector's results: 5,000 images, 80 categories, 32,000
 * objects, 275,395 detections, ellipses of 60 to 300 pixels as compressed runs. One seed makes it, the same everywhere.
 */
import type { SegmAnnotation, SegmDetection, SegmInstances } from '../src/segm/index.ts';
import { textOfRuns } from '../src/segm/index.ts';
import { numbers } from '../src/testing/peers/sets.ts';

export const segmSeed = 22;
const [width, height] = [640, 480];
const [imageCount, categoryCount, perImage, detectionCount] = [5000, 80, 6.4, 275_395];

interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly across: number;
  readonly down: number;
}

/** Runs down the columns; the ellipse lies inside the image. */
const runsOf = ({ x, y, across, down }: Ellipse): number[] => {
  const runs: number[] = [];
  let end = 0;
  for (let column = 0; column < across; column++) {
    const side = (2 * column + 1) / across - 1;
    const half = Math.max(1, Math.round((down / 2) * Math.sqrt(1 - side * side)));
    const start = (x + column) * height + y + Math.floor(down / 2) - half;
    runs.push(start - end, 2 * half);
    end = start + 2 * half;
  }
  runs.push(width * height - end);
  return runs;
};

export interface SegmSet {
  readonly truth: SegmInstances;
  readonly found: readonly SegmDetection[];
}

export const largeSegmSet = (seed: number = segmSeed, part = 1): SegmSet => {
  const draw = numbers(seed);
  const ellipse = (): Ellipse => {
    const [across, down] = [60 + draw(241), 60 + draw(241)];
    return { x: draw(width - across), y: draw(height - down - 2) + 1, across, down };
  };
  const near = ({ x, y, across, down }: Ellipse): Ellipse => {
    const [shiftX, shiftY] = [draw(31) - 15, draw(31) - 15];
    const moved = (at: number, by: number, size: number, most: number): number =>
      Math.min(Math.max(1, at + by), most - size - 1);
    return { x: moved(x, shiftX, across, width), y: moved(y, shiftY, down, height), across, down };
  };
  const maskOf = (shape: Ellipse) => ({ size: [height, width], counts: textOfRuns(runsOf(shape)) });
  const images = Array.from({ length: imageCount * part }, (_, i) => ({ id: i + 1, width, height }));
  const categories = Array.from({ length: categoryCount }, (_, i) => ({ id: i + 1, name: `class ${i + 1}` }));
  const shapes: Ellipse[] = [];
  const annotations: SegmAnnotation[] = Array.from({ length: images.length * perImage }, (_, i) => {
    const shape = ellipse();
    shapes.push(shape);
    const image_id = 1 + Math.floor(i / perImage);
    const area = Math.round(0.785 * shape.across * shape.down);
    return { id: i + 1, image_id, category_id: 1 + draw(categoryCount), segmentation: maskOf(shape), area, iscrowd: 0 };
  });
  const found: SegmDetection[] = Array.from({ length: Math.round(detectionCount * part) }, () => {
    const like = draw(annotations.length);
    const { image_id, category_id } = annotations[like];
    const score = (1 + draw(1_000_000)) / 1_000_001;
    const stray = draw(3) === 0;
    const shape = stray ? ellipse() : near(shapes[like]);
    return { image_id, category_id: stray ? 1 + draw(categoryCount) : category_id, segmentation: maskOf(shape), score };
  });
  return { truth: { images, categories, annotations }, found };
};
