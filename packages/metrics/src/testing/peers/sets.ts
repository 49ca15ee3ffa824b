/**
 * Made-up sets with masks, keypoints and boxes, the same in every JavaScript: what a peer's figures are recorded on, and
 * what ours are compared on. Whole numbers from Lehmer's generator and quotients of them, nothing else.
 */
import type { KeypointAnnotation, KeypointDetection } from '../../keypoints/index.ts';
import type { SegmAnnotation, SegmDetection } from '../../segm/index.ts';
import { maskOf, textOfRuns } from '../../segm/index.ts';

export const numbers = (seed: number): ((below: number) => number) => {
  let state = (seed * 7919 + 20_260_101) % 2_147_483_647;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
};

export interface PeerSet<A, D> {
  readonly images: readonly { readonly id: number; readonly width: number; readonly height: number }[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly annotations: readonly A[];
  readonly detections: readonly D[];
}

export const evaluatedBox = (draw: (below: number) => number, width: number, height: number): number[] => {
  const [w, h] = [4 + draw(width / 2), 4 + draw(height / 2)];
  return [draw(width - w), draw(height - h), w, h];
};

const [width, height] = [120, 90];
const frame = (images: number, categories: number) => ({
  images: Array.from({ length: images }, (_, i) => ({ id: i + 1, width, height })),
  categories: Array.from({ length: categories }, (_, i) => ({ id: i + 1, name: `class ${i + 1}` })),
});

/** Some corners around a box, in quarters of pixels, some of them outside the image. */
const polygonIn = (draw: (below: number) => number, [x, y, w, h]: readonly number[]): number[] => {
  const corners = 3 + draw(5);
  const points: number[] = [];
  for (let i = 0; i < corners; i++) {
    const side = i / corners;
    const [u, v] = [side < 0.5 ? draw(4 * w) / 4 : w - draw(w) / 4, side < 0.5 ? draw(4 * h) / 8 : h - draw(h) / 3];
    points.push(x + u, y + v);
  }
  return points;
};

export const segmSet = (seed: number): PeerSet<SegmAnnotation, SegmDetection> => {
  const draw = numbers(seed);
  const { images, categories } = frame(1 + draw(4), 1 + draw(3));
  const annotations: SegmAnnotation[] = Array.from({ length: 1 + draw(14) }, (_, i) => {
    const bbox = evaluatedBox(draw, width, height);
    const polygons = Array.from({ length: 1 + draw(2) }, () => polygonIn(draw, bbox));
    const mask = maskOf(polygons, { width, height });
    const kind = draw(3);
    const counts = kind === 1 ? textOfRuns(mask.counts) : Array.from(mask.counts);
    return {
      id: i + 1,
      image_id: 1 + draw(images.length),
      category_id: 1 + draw(categories.length),
      segmentation: kind === 0 ? polygons : { size: [height, width], counts },
      bbox,
      area: [1023, 1024, 1025, 9216, 500][draw(5)],
      iscrowd: draw(6) === 0 ? 1 : 0,
    };
  });
  const detections: SegmDetection[] = Array.from({ length: 1 + draw(30) }, () => {
    const near = annotations[draw(annotations.length)];
    const shift = draw(4);
    const bbox = near.bbox!.map((value, i) => (i < 2 ? value + shift : value));
    const like = draw(3) === 0 ? polygonIn(draw, evaluatedBox(draw, width, height)) : polygonIn(draw, bbox);
    const source = draw(2) === 0 ? near.segmentation : [like];
    const mask = maskOf(source, { width, height });
    return {
      image_id: draw(5) === 0 ? 1 + draw(images.length) : near.image_id,
      category_id: draw(5) === 0 ? 1 + draw(categories.length) : near.category_id,
      segmentation: { size: [height, width], counts: textOfRuns(mask.counts) },
      score: (1 + draw(20)) / 21,
    };
  });
  return { images, categories, annotations, detections };
};

export const keypointSet = (seed: number): PeerSet<KeypointAnnotation, KeypointDetection> => {
  const draw = numbers(seed + 100_000);
  const { images, categories } = frame(1 + draw(4), 1);
  const annotations: KeypointAnnotation[] = Array.from({ length: 1 + draw(12) }, (_, i) => {
    const bbox = evaluatedBox(draw, width, height);
    const visible = draw(4);
    const keypoints = Array.from({ length: 17 }, () => {
      const v = visible === 0 ? 0 : draw(3);
      return v === 0 ? [0, 0, 0] : [bbox[0] + draw(4 * bbox[2]) / 4, bbox[1] + draw(4 * bbox[3]) / 4, v];
    }).flat();
    let count = 0;
    for (let p = 2; p < 51; p += 3) if (keypoints[p] > 0) count++;
    return {
      id: i + 1,
      image_id: 1 + draw(images.length),
      category_id: 1,
      keypoints,
      num_keypoints: count,
      bbox,
      area: [1023, 1024, 1025, 9216, 500, 3000][draw(6)],
      iscrowd: draw(8) === 0 ? 1 : 0,
    };
  });
  const detections: KeypointDetection[] = Array.from({ length: 1 + draw(30) }, () => {
    const near = annotations[draw(annotations.length)];
    const noise = 1 + draw(40);
    return {
      image_id: draw(5) === 0 ? 1 + draw(images.length) : near.image_id,
      category_id: 1,
      keypoints: near.keypoints.map((value, i) => (i % 3 === 2 ? 1 : value + (draw(noise) - draw(noise)) / 4)),
      score: (1 + draw(20)) / 21,
    };
  });
  return { images, categories, annotations, detections };
};

/** Boxes in many forms, for options that masks and keypoints do not have to themselves. */
export const boxSet = (seed: number) => {
  const draw = numbers(seed + 200_000);
  const { images, categories } = frame(1 + draw(4), 1 + draw(4));
  const annotations = Array.from({ length: 1 + draw(20) }, (_, i) => {
    const bbox = evaluatedBox(draw, width, height);
    return {
      id: i + 1,
      image_id: 1 + draw(images.length),
      category_id: 1 + draw(categories.length),
      bbox,
      area: bbox[2] * bbox[3],
      iscrowd: draw(8) === 0 ? 1 : 0,
    };
  });
  const detections = Array.from({ length: 1 + draw(40) }, () => {
    const near = annotations[draw(annotations.length)];
    return {
      image_id: draw(5) === 0 ? 1 + draw(images.length) : near.image_id,
      category_id: draw(4) === 0 ? 1 + draw(categories.length) : near.category_id,
      bbox: near.bbox.map((value) => value + (draw(3) === 0 ? draw(9) : 0) / 2),
      score: (1 + draw(20)) / 21,
    };
  });
  return { images, categories, annotations, detections };
};

/** Sets as LVIS has them: images labelled for some categories, some of those in part; some with more than 300 detections. */
export const lvisSet = (seed: number, type: 'bbox' | 'segm') => {
  const { images, annotations, detections: few } = type === 'bbox' ? boxSet(seed) : segmSet(seed);
  const draw = numbers(seed + 300_000);
  const categories = Array.from({ length: 4 }, (_, i) => ({
    id: i + 1,
    name: `class ${i + 1}`,
    frequency: (['r', 'c', 'f'] as const)[draw(3)],
  }));
  const some = (often: number): number[] => categories.map(({ id }) => id).filter(() => draw(often) === 0);
  const rows = few.filter(
    (row) => !('segmentation' in row) || maskOf(row.segmentation, { width, height }).counts.length > 1,
  );
  const many = seed % 10 === 0 ? Array.from({ length: 400 }, () => rows[draw(rows.length)] ?? few[0]) : [];
  return {
    images: images.map((image) => ({
      ...image,
      neg_category_ids: some(3),
      not_exhaustive_category_ids: some(4),
    })),
    categories,
    annotations: annotations.map(({ iscrowd: _, ...row }) => ({ ...row })),
    detections: [...rows, ...many.map((row) => ({ ...row, score: draw(1000) / 1000 }))],
  };
};
