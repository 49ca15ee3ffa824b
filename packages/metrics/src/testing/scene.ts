/** A made-up data set, the same in every JavaScript, and the figures that every way of using the package must give of it. */
import type { CocoDetection, CocoInstances } from '../coco/input.ts';

interface Scene {
  readonly truth: CocoInstances;
  readonly found: readonly CocoDetection[];
}

/** Lehmer's generator: whole numbers only, so the same everywhere. */
const numbers = (): ((below: number) => number) => {
  let state = 20_260_101;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
};

const make = (): Scene => {
  const draw = numbers();
  const images = Array.from({ length: 40 }, (_, i) => ({ id: i + 1 }));
  const categories = [3, 1, 2].map((id) => ({ id, name: `class ${id}` }));
  const annotations = Array.from({ length: 160 }, (_, i) => ({
    id: i + 1,
    image_id: 1 + draw(40),
    category_id: 1 + draw(3),
    bbox: [draw(400), draw(300), 5 + draw(150), 5 + draw(150)],
    iscrowd: draw(15) === 0 ? 1 : 0,
  }));
  const near = annotations.flatMap(({ image_id, category_id, bbox }) =>
    [0, 1].map(() => ({
      image_id,
      category_id: draw(8) === 0 ? 1 + draw(3) : category_id,
      bbox: bbox.map((value) => value + draw(13) / 3),
      score: (1 + draw(50)) / 51,
    })),
  );
  return { truth: { images, annotations, categories }, found: near };
};

export const scene: Scene = /* @__PURE__ */ make();

type Api = Pick<typeof import('../index.ts'), 'evaluateCocoEach' | 'evaluateVoc' | 'giouLoss' | 'giouLossGradient'>;

/** Plain numbers in full precision, fit to be sent anywhere. */
export const figuresOf = (
  { evaluateCocoEach, evaluateVoc, giouLoss, giouLossGradient }: Api,
  { truth, found }: Scene,
): unknown => {
  const corners = ([x, y, w, h]: readonly number[]): readonly number[] => [x, y, x + w, y + h];
  const annotations = truth.images.map(({ id }) => ({
    image: `i${id}`,
    objects: truth.annotations
      .filter((row) => row.image_id === id)
      .map((row) => ({ name: `c${row.category_id}`, box: corners(row.bbox), difficult: row.iscrowd === 1 })),
  }));
  const detections = found.map((row) => ({
    image: `i${row.image_id}`,
    name: `c${row.category_id}`,
    score: row.score,
    box: corners(row.bbox),
  }));
  const checksum = (column: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < column.length; i++) sum += column[i] * (1 + (i % 97));
    return sum;
  };
  return {
    coco: evaluateCocoEach(truth, found, ['iou', 'giou']).map(({ stats, precision, scores, recall }) => ({
      stats,
      sums: [precision, scores, recall].map(checksum),
    })),
    voc: (['07', 'area'] as const).map((rule) => evaluateVoc(annotations, detections, { rule, overlap: 'giou' }).mean),
    loss: giouLoss([0, 0, 2, 2, 1, 1, 4, 5], [1, 1, 3, 3, 0, 0, 4, 4]),
    gradient: Array.from(giouLossGradient([0, 0, 2, 2], [1, 1, 3, 3])),
  };
};
