/** The inputs of each fixture, as the peer's script reads them. */
import { boxSet, keypointSet, segmSet } from './sets.ts';

export const fixtureNames = ['pycocotools-segm', 'pycocotools-keypoints', 'pycocotools-options', 'tidecv'] as const;
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
  return of[seed % of.length]!;
};

export const tideSeeds: readonly number[] = seeds(200).map((seed) => 1000 + seed);
export const tideThresholds = [0.5, 0.55, 0.75];

const coco = 'pycocotools 2.0.11 (github.com/ppwwyyxx/cocoapi), numpy 1.24.2';

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
    peer: 'tidecv 1.0.1 (github.com/dbolya/tide), with pycocotools 2.0.11, numpy 1.24.2',
    script: './tide_figures.py',
    cases: tideSeeds.map((seed) => ({ ...boxSet(seed), thresholds: tideThresholds })),
  }),
  'pycocotools-options': () => ({
    peer: coco,
    script: './coco_figures.py',
    cases: seeds(120).map((seed) => ({ type: 'bbox', ...boxSet(seed), params: paramsOf(seed) })),
  }),
};

export const casesOf = (name: FixtureName): Recording => recordings[name]();
