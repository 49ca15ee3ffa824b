/** The inputs of each fixture, as the peer's script reads them. */
import { readJson, sharedPath } from '../../../../../test/shared.ts';
import type { CocoDetection, CocoInstances } from '../../coco/input.ts';
import { boxSet, keypointSet, lvisSet, segmSet } from './sets.ts';

export const fixtureNames = [
  'pycocotools-segm',
  'pycocotools-keypoints',
  'pycocotools-options',
  'tidecv',
  'tidecv-coco',
  'lvis-bbox',
  'lvis-segm',
] as const;
export type FixtureName = (typeof fixtureNames)[number];

/** pycocotools' names. */
export interface PeerParams {
  readonly maxDets?: readonly number[];
  readonly useCats?: 0 | 1;
  readonly imgIds?: readonly number[];
  readonly catIds?: readonly number[];
}

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** What boxes are evaluated with besides the defaults, by seed. */
export const paramsOf = (seed: number): PeerParams => {
  const { images, categories } = boxSet(seed);
  const some = <A>(rows: readonly A[]): readonly A[] => rows.filter((_, i) => i === 0 || (seed >> i) % 2 === 0);
  const of: readonly PeerParams[] = [
    { useCats: 0 },
    { imgIds: some(images).map(({ id }) => id) },
    { catIds: some(categories).map(({ id }) => id) },
    { maxDets: [1, 3, 5] },
    { maxDets: [1, 100, 500] },
    { useCats: 0, maxDets: [2, 4, 100] },
  ];
  return of[seed % of.length];
};

export const tideSeeds: readonly number[] = seeds(200).map((seed) => 1000 + seed);
export const tideThresholds = [0.5, 0.55, 0.75];

/** COCO's own example of results on 100 images, which lies in the shared folder and not in this repository. */
export const cocoExample = (): { readonly truth: CocoInstances; readonly detections: readonly CocoDetection[] } => {
  const at = (file: string): string => sharedPath('data', 'eval-fixtures', 'cocoapi-val2014-100', file);
  return {
    truth: readJson<CocoInstances>(at('instances_val2014_100.json')),
    detections: readJson<CocoDetection[]>(at('instances_val2014_fakebbox100_results.json')),
  };
};

const coco = 'pycocotools 2.0.11 (github.com/ppwwyyxx/cocoapi), numpy 1.24.2';

const lvis = 'lvis 0.5.3 (github.com/lvis-dataset/lvis-api), with pycocotools 2.0.11, numpy 1.24.2';
const tide = 'tidecv 1.0.1 (github.com/dbolya/tide), with pycocotools 2.0.11, numpy 1.24.2';

export interface Recording {
  readonly peer: string;
  readonly script: string;
  readonly cases: readonly object[];
}

const recordings: Readonly<Record<FixtureName, () => Recording>> = {
  'pycocotools-segm': () => ({
    peer: coco,
    script: './coco_figures.py',
    cases: seeds(200).map((seed) => ({ type: 'segm', ...segmSet(seed) })),
  }),
  'pycocotools-keypoints': () => ({
    peer: coco,
    script: './coco_figures.py',
    cases: seeds(200).map((seed) => ({ type: 'keypoints', ...keypointSet(seed) })),
  }),
  tidecv: () => ({
    peer: tide,
    script: './tide_figures.py',
    cases: tideSeeds.map((seed) => ({ ...boxSet(seed), thresholds: tideThresholds })),
  }),
  'lvis-bbox': () => ({
    peer: lvis,
    script: './lvis_figures.py',
    cases: seeds(100).map((seed) => ({ type: 'bbox', ...lvisSet(seed, 'bbox') })),
  }),
  'lvis-segm': () => ({
    peer: lvis,
    script: './lvis_figures.py',
    cases: seeds(100).map((seed) => ({ type: 'segm', ...lvisSet(seed, 'segm') })),
  }),
  'tidecv-coco': () => {
    const { truth, detections } = cocoExample();
    const bare = truth.annotations.map(({ image_id, category_id, bbox, iscrowd }) => ({
      image_id,
      category_id,
      bbox,
      iscrowd,
    }));
    return {
      peer: tide,
      script: './tide_figures.py',
      cases: [
        { images: truth.images.map(({ id }) => ({ id })), annotations: bare, detections, thresholds: [0.5, 0.75] },
      ],
    };
  },
  'pycocotools-options': () => ({
    peer: coco,
    script: './coco_figures.py',
    cases: seeds(120).map((seed) => ({ type: 'bbox', ...boxSet(seed), params: paramsOf(seed) })),
  }),
};

export const casesOf = (name: FixtureName): Recording => recordings[name]();
