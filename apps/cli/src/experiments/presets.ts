/**
 * The run configurations of the original (SPEC 11), by the names of its cfg/runs folders. Where the name and the loss
 * disagree the loss is what its cfg says: `coco-iou-15` trains GIoU, `yolov3-giou-30`, the README's IoU run, trains IoU.
 */
import { zoo } from '@gdarknet/yolo';
import { withKeys } from '../slurm/sweep.ts';

type SetName = 'coco' | 'voc' | 'openimages' | 'hsr';

export type Preset = {
  readonly name: string;
  readonly set: SetName;
  readonly network: 'yolov3' | 'spp';
  readonly loss: 'mse' | 'iou' | 'giou';
  /** 1 where its cfg has none. */
  readonly clsNormalizer: number;
  readonly iouNormalizer: number;
  readonly representation: 'exp' | 'lin';
  readonly learningRate: number;
  readonly burnIn: number;
  readonly maxBatches: number;
};

type Row = readonly [
  names: string,
  set: SetName,
  loss: Preset['loss'],
  cls: number,
  iou: number,
  representation: Preset['representation'],
  rate: number,
  burnIn: number,
  maxBatches: number,
];

// biome-ignore format: a table
const rows: readonly Row[] = [
  ['coco-baseline4 coco-baseline2 coco-baseline3', 'coco', 'mse', 1, 1, 'exp', 0.00025, 4000, 500200],
  ['coco-iou-14 coco-iou-6 coco-iou-8', 'coco', 'iou', 1, 0.5, 'exp', 0.00025, 4000, 500200],
  ['coco-iou-15', 'coco', 'giou', 1, 0.25, 'exp', 0.00025, 4000, 500200],
  ['coco-giou-12', 'coco', 'giou', 1, 0.5, 'exp', 0.001, 1000, 550400],
  ['coco-giou-2 coco-giou-7 coco-giou-10', 'coco', 'giou', 1, 0.25, 'exp', 0.00025, 4000, 500200],
  ['coco-giou-3', 'coco', 'giou', 1, 0.25, 'exp', 0.001, 1000, 550400],
  ['coco-giou-4', 'coco', 'giou', 1, 0.25, 'exp', 0.0005, 2000, 500200],
  ['coco-giou-5 coco-giou-9 coco-giou-11', 'coco', 'giou', 1, 1, 'exp', 0.001, 1000, 550400],
  ['coco-giou-13', 'coco', 'giou', 4, 1, 'exp', 0.00025, 4000, 500200],
  ['coco-giou-16', 'coco', 'giou', 0.5, 1, 'exp', 0.001, 1000, 550400],
  ['coco-giou-17', 'coco', 'giou', 10, 1, 'exp', 0.001, 1000, 550400],
  ['coco-giou-18', 'coco', 'giou', 1, 0.1, 'exp', 0.00025, 4000, 500200],
  ['coco-spp-2', 'coco', 'giou', 1, 0.5, 'exp', 0.00025, 4000, 500200],
  ['coco-spp-baseline1', 'coco', 'mse', 1, 1, 'exp', 0.00025, 4000, 500200],
  ['yolov3-baseline2 yolov3-baseline3', 'voc', 'mse', 1, 1, 'exp', 0.001, 1000, 100400],
  ['yolov3-giou-30', 'voc', 'iou', 1, 1.25, 'exp', 0.00025, 4000, 50200],
  ['yolov3-giou-31', 'voc', 'giou', 1, 1.25, 'exp', 0.00025, 4000, 50200],
  ['yolov3-giou-32', 'voc', 'iou', 1, 1, 'exp', 0.005, 1000, 100400],
  ['yolov3-giou-33', 'voc', 'giou', 1, 1, 'exp', 0.001, 1000, 100400],
  ['yolov3-giou-34', 'voc', 'giou', 1, 5, 'exp', 0.001, 1000, 50200],
  ['yolov3-giou-35', 'voc', 'giou', 1, 2, 'exp', 0.001, 1000, 50200],
  ['yolov3-giou-36', 'voc', 'giou', 1, 1, 'lin', 0.0005, 2000, 50200],
  ['yolov3-giou-37', 'voc', 'iou', 1, 1, 'lin', 0.001, 1000, 50200],
  ['yolov3-giou-38', 'voc', 'giou', 1, 0.5, 'exp', 0.001, 1000, 100400],
  ['yolov3-giou-39', 'voc', 'giou', 2, 1, 'exp', 0.001, 1000, 100400],
  ['yolov3-giou-40', 'voc', 'giou', 1, 0.25, 'exp', 0.001, 1000, 100400],
  ['yolov3-giou-41', 'voc', 'iou', 1, 0.25, 'exp', 0.001, 1000, 100400],
  ['yolov3-hsr-mse-1', 'hsr', 'mse', 1, 1, 'exp', 0.001, 1000, 50200],
  ['yolov3-voc-lin-1 yolov3-voc-lin-2', 'voc', 'mse', 1, 1, 'lin', 0.00025, 4000, 50200],
  ['yolov3-voc-lin-3', 'voc', 'giou', 1, 10, 'lin', 0.0005, 2000, 50200],
  ['yolov3-voc-lin-4', 'voc', 'giou', 0.5, 1, 'lin', 0.0005, 2000, 50200],
  ['yolov3-voc-lin-5', 'voc', 'giou', 0.75, 1, 'lin', 0.0005, 2000, 50200],
  ['yolov3-voc-lin-6', 'voc', 'giou', 0.75, 1, 'lin', 0.001, 2000, 50200],
  ['yolov3-voc-lin-7 yolov3-voc-lin-8 yolov3-voc-lin-9', 'voc', 'giou', 0.25, 1, 'lin', 0.001, 1000, 100400],
  ['yolov3-voc-lin-10', 'voc', 'giou', 0.25, 1, 'lin', 0.001, 1000, 50200],
  ['yolov3-voc-lin-11', 'voc', 'giou', 1, 1, 'lin', 0.001, 1000, 50200],
  ['yolov3.coco-giou-1.25', 'coco', 'giou', 1, 1.25, 'exp', 0.00025, 4000, 500200],
  ['yolov3.coco-iou-1.25', 'coco', 'iou', 1, 1.25, 'exp', 0.00025, 4000, 500200],
  ['openimages-giou-1', 'openimages', 'giou', 1, 0.5, 'exp', 0.00025, 4000, 500200],
];

export const presets: readonly Preset[] = rows.flatMap(
  ([names, set, loss, clsNormalizer, iouNormalizer, representation, learningRate, burnIn, maxBatches]) =>
    names.split(' ').map((name) => ({
      name,
      set,
      loss,
      clsNormalizer,
      iouNormalizer,
      representation,
      learningRate,
      burnIn,
      maxBatches,
      network: name.includes('-spp-') ? 'spp' : 'yolov3',
    })),
);

type SetFacts = {
  readonly classes: number;
  readonly side: number;
  readonly ignoreThresh: number;
  readonly steps: string;
  /** As the original's .data files have them; relative to its own folder. */
  readonly data: Readonly<Record<string, string>>;
};

const sets: { readonly [S in SetName]: SetFacts } = {
  coco: {
    classes: 80,
    side: 608,
    ignoreThresh: 0.7,
    steps: '400000,450000',
    data: {
      classes: '80',
      train: 'datasets/coco/trainvalno5k.txt',
      valid: 'datasets/coco/coco_val_5k.txt',
      names: 'data/coco.names',
      eval: 'coco',
    },
  },
  voc: {
    classes: 20,
    side: 416,
    ignoreThresh: 0.5,
    steps: '40000,45000',
    data: {
      classes: '20',
      train: 'datasets/voc/train.txt',
      valid: 'datasets/voc/2007_test.txt',
      names: 'data/voc.names',
    },
  },
  // Its data file says 601 classes, its cfg 80: the cfg decides.
  openimages: {
    classes: 80,
    side: 608,
    ignoreThresh: 0.7,
    steps: '400000,450000',
    data: {
      classes: '80',
      train: 'datasets/openimages/train.txt',
      valid: 'datasets/openimages/validation.txt',
      names: 'data/openimages.names',
    },
  },
  hsr: {
    classes: 6,
    side: 416,
    ignoreThresh: 0.5,
    steps: '40000,45000',
    data: { classes: '6', train: 'datasets/hsr/train.txt', valid: 'datasets/hsr/valid.txt', names: 'data/hsr.names' },
  },
};

export const presetCfg = (preset: Preset): string => {
  const { classes, side, ignoreThresh, steps } = sets[preset.set];
  const net = {
    width: side,
    height: side,
    learning_rate: preset.learningRate,
    burn_in: preset.burnIn,
    max_batches: preset.maxBatches,
    steps,
  };
  const build = preset.network === 'spp' ? zoo.yolov3Spp : side === 416 ? zoo.yolov3Voc : zoo.yolov3;
  return withKeys(build({ loss: preset.loss, classes, net }), 'yolo', {
    iou_loss: preset.loss,
    iou_normalizer: preset.iouNormalizer,
    cls_normalizer: preset.clsNormalizer,
    representation: preset.representation,
    ignore_thresh: ignoreThresh,
    random: 1,
  });
};

/** The .data file of a run of this preset. */
export const presetData = ({ set }: Preset, prefix: string): Readonly<Record<string, string>> => ({
  ...sets[set].data,
  backup: 'backup',
  prefix,
});
