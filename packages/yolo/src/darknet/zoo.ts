/**
 * The project's own networks as `.cfg` text, built in the notation of SPEC 13: `C` convolution with batch normalisation and
 * leaky, `L` the linear one before a head, `S` shortcut, `R` route, `U` upsample, `M` maxpool, `Y` yolo, `RES` residual blocks.
 * The files in `cfg/` are this module's output.
 */
import { type PrintableSection, printSections } from './sections.ts';

export type ZooLoss = 'mse' | 'iou' | 'giou';

export interface ZooOptions {
  readonly loss: ZooLoss;
  /** Default: that of the data set the network is named after. */
  readonly classes?: number;
  /** Keys of `[net]` to add or replace. */
  readonly net?: Readonly<Record<string, string | number>>;
}

export interface ShapesOptions extends ZooOptions {
  /** Width and height of the input, a multiple of 16. */
  readonly size?: number;
}

type Section = PrintableSection;
type Entries = Readonly<Record<string, string | number>>;

const section = (name: string, entries: Entries = {}): Section => ({ name, entries: Object.entries(entries) });

const C = (filters: number, size: number, stride = 1): Section =>
  section('convolutional', { batch_normalize: 1, filters, size, stride, pad: 1, activation: 'leaky' });
const L = (filters: number): Section =>
  section('convolutional', { filters, size: 1, stride: 1, pad: 1, activation: 'linear' });
const S = (from: number): Section => section('shortcut', { from, activation: 'linear' });
const R = (...layers: readonly number[]): Section => section('route', { layers: layers.join(',') });
const U = section('upsample', { stride: 2 });
const M = (size: number, stride: number): Section => section('maxpool', { size, stride });
const times = (count: number, sections: readonly Section[]): readonly Section[] =>
  Array.from({ length: count }, () => sections).flat();
const RES = (filters: number, count: number): readonly Section[] =>
  times(count, [C(filters / 2, 1), C(filters, 3), S(-3)]);
/** 1x1 to `filters`, 3x3 to twice as many. */
const pairs = (filters: number, count: number): readonly Section[] => times(count, [C(filters, 1), C(2 * filters, 3)]);

interface Head {
  readonly classes: number;
  /** Pairs (width, height) in pixels. */
  readonly anchors: readonly number[];
  readonly loss: ZooLoss;
  readonly keys: Entries;
}

/** The linear convolution and the `[yolo]` layer that reads it. */
const Y = ({ classes, anchors, loss, keys }: Head, mask: readonly number[]): readonly Section[] => [
  L(mask.length * (5 + classes)),
  section('yolo', {
    mask: mask.join(','),
    anchors: anchors.join(','),
    classes,
    num: anchors.length / 2,
    jitter: 0.3,
    truth_thresh: 1,
    ...keys,
    iou_loss: loss,
    cls_normalizer: 1,
    representation: 'exp',
  }),
];

/** Layers 0 to 74; 36 and 61 are the last of strides 8 and 16. */
const darknet53Trunk: readonly Section[] = [
  C(32, 3),
  C(64, 3, 2),
  ...RES(64, 1),
  C(128, 3, 2),
  ...RES(128, 2),
  C(256, 3, 2),
  ...RES(256, 8),
  C(512, 3, 2),
  ...RES(512, 8),
  C(1024, 3, 2),
  ...RES(1024, 4),
];

/** From the last convolution before the stride-32 head on: that head, then those of strides 16 and 8. */
const yolov3Heads = (head: Head): readonly Section[] => [
  ...Y(head, [6, 7, 8]),
  R(-4),
  C(256, 1),
  U,
  R(-1, 61),
  ...pairs(256, 3),
  ...Y(head, [3, 4, 5]),
  R(-4),
  C(128, 1),
  U,
  R(-1, 36),
  ...pairs(128, 3),
  ...Y(head, [0, 1, 2]),
];

/** Pools of three sizes beside each other (SPP). */
const pyramid: readonly Section[] = [M(5, 1), R(-2), M(9, 1), R(-4), M(13, 1), R(-1, -3, -5, -6)];

const anchors9 = [10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326];
const anchors6 = [10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319];

const colour: Entries = { angle: 0, saturation: 1.5, exposure: 1.5, hue: 0.1 };

/** One device; runs of the original on n GPUs had `learning_rate / n` and `n x burn_in`, which comes to the same. */
const training = (side: number, steps: readonly number[], max_batches: number): Entries => ({
  batch: 64,
  subdivisions: 16,
  width: side,
  height: side,
  channels: 3,
  momentum: 0.9,
  decay: 0.0005,
  ...colour,
  learning_rate: 0.001,
  burn_in: 1000,
  max_batches,
  policy: 'steps',
  steps: steps.join(','),
  scales: '0.1,0.1',
});
const coco = (side: number): Entries => training(side, [400000, 450000], 500200);
const voc = (side: number): Entries => training(side, [40000, 45000], 50200);

/** `iou_normalizer` of the runs that the original's README names (SPEC 11); mse does not use it. */
const cocoNormalizer = { mse: 1, iou: 0.5, giou: 0.5 } as const;
/** For minutes of training from random weights: with boxes at .5 the classes come late (AP50 .36 in place of .50 after 500 batches). */
const shapesNormalizer = { mse: 1, iou: 0.1, giou: 0.1 } as const;
const vocNormalizer = { mse: 1, iou: 1.25, giou: 0.25 } as const;

const head = (options: ZooOptions, classes: number, anchors: readonly number[], keys: Entries): Head => ({
  classes: options.classes ?? classes,
  anchors,
  loss: options.loss,
  keys,
});

const cfg = (
  title: string,
  net: Entries,
  { net: over = {} }: Partial<ZooOptions>,
  layers: readonly Section[],
): string => `# ${title}\n\n${printSections([section('net', { ...net, ...over }), ...layers])}`;

const cocoKeys = ({ loss }: ZooOptions): Entries => ({
  ignore_thresh: 0.7,
  random: 1,
  iou_normalizer: cocoNormalizer[loss],
});

const yolov3 = (options: ZooOptions): string =>
  cfg(`YOLOv3 for COCO, ${options.loss} loss`, coco(608), options, [
    ...darknet53Trunk,
    ...pairs(512, 3),
    ...yolov3Heads(head(options, 80, anchors9, cocoKeys(options))),
  ]);

const yolov3Spp = (options: ZooOptions): string =>
  cfg(`YOLOv3-SPP for COCO, ${options.loss} loss`, coco(608), options, [
    ...darknet53Trunk,
    ...pairs(512, 1),
    C(512, 1),
    ...pyramid,
    ...pairs(512, 2),
    ...yolov3Heads(head(options, 80, anchors9, cocoKeys(options))),
  ]);

const yolov3Voc = (options: ZooOptions): string =>
  cfg(`YOLOv3 for VOC, ${options.loss} loss`, voc(416), options, [
    ...darknet53Trunk,
    ...pairs(512, 3),
    ...yolov3Heads(
      head(options, 20, anchors9, { ignore_thresh: 0.5, random: 1, iou_normalizer: vocNormalizer[options.loss] }),
    ),
  ]);

const yolov3Tiny = (options: ZooOptions): string => {
  const tiny = head(options, 80, anchors6, { ...cocoKeys(options), random: 0 });
  return cfg(`YOLOv3-tiny for COCO, ${options.loss} loss`, { ...coco(416), subdivisions: 2 }, options, [
    ...[16, 32, 64, 128, 256].flatMap((filters) => [C(filters, 3), M(2, 2)]),
    C(512, 3),
    M(2, 1),
    C(1024, 3),
    C(256, 1),
    C(512, 3),
    ...Y(tiny, [3, 4, 5]),
    R(-4),
    C(128, 1),
    U,
    R(-1, 8),
    C(256, 3),
    ...Y(tiny, [0, 1, 2]),
  ]);
};

/** The ImageNet classifier whose first 74 layers are the backbone that YOLOv3 starts from (`darknet53.conv.74`). */
const darknet53 = (): string =>
  cfg(
    'Darknet-53 classifier for ImageNet',
    {
      batch: 128,
      subdivisions: 8,
      height: 256,
      width: 256,
      channels: 3,
      min_crop: 128,
      max_crop: 448,
      momentum: 0.9,
      decay: 0.0005,
      learning_rate: 0.1,
      policy: 'poly',
      power: 4,
      max_batches: 800000,
      angle: 7,
      hue: 0.1,
      saturation: 0.75,
      exposure: 0.75,
      aspect: 0.75,
    },
    {},
    [...darknet53Trunk, section('avgpool'), L(1000), section('softmax', { groups: 1 })],
  );

/** Sides of the anchors as shares of the image: objects of the generated set have 0.08 to 0.6. */
const shapesAnchors = [0.12, 0.12, 0.2, 0.26, 0.28, 0.2, 0.36, 0.36, 0.44, 0.54, 0.56, 0.44];

/**
 * A small YOLOv3 for the generated set of shapes, trained in minutes: heads at strides 16 and 8, residual blocks and a
 * feature pyramid like its big brothers; 80.4 MFLOP and 169 k parameters at 128 x 128 with 4 classes.
 */
const shapes = (options: ShapesOptions): string => {
  const size = options.size ?? 128;
  if (!Number.isInteger(size) || size < 32 || size % 16 !== 0) {
    throw new RangeError(`zoo.shapes: size must be a multiple of 16 of at least 32, got ${size}`);
  }
  const anchors = shapesAnchors.map((share) => Math.round(share * size));
  const small = head(options, 4, anchors, {
    ignore_thresh: 0.6,
    jitter: 0,
    random: 0,
    iou_normalizer: shapesNormalizer[options.loss],
  });
  const net = {
    ...training(size, [700, 1000, 1180], 1300),
    batch: 16,
    subdivisions: 1,
    burn_in: 130,
    learning_rate: 0.03,
    scales: '.4,.3,.3',
    // Every picture of the set is drawn anew, so there is nothing to vary but the side.
    saturation: 1,
    exposure: 1,
    hue: 0,
  };
  return cfg(`Small YOLOv3 for generated shapes, ${options.loss} loss`, net, options, [
    C(16, 3, 2),
    C(32, 3, 2),
    ...RES(32, 1),
    C(64, 3, 2),
    ...RES(64, 1),
    C(64, 3, 2),
    ...RES(64, 1),
    ...Y(small, [3, 4, 5]),
    R(-3),
    C(32, 1),
    U,
    R(-1, 8),
    C(64, 3),
    ...Y(small, [0, 1, 2]),
  ]);
};

/** Every function gives the text of a `.cfg`. */
export const zoo = { yolov3, yolov3Spp, yolov3Tiny, yolov3Voc, darknet53, shapes } as const;

const detectors = { yolov3, 'yolov3-spp': yolov3Spp, 'yolov3-tiny': yolov3Tiny, 'yolov3-voc': yolov3Voc };

/** Names and texts of the files in `cfg/`. */
export const zooFiles = (): Readonly<Record<string, string>> => ({
  'darknet53.cfg': darknet53(),
  ...Object.fromEntries(
    Object.entries(detectors).flatMap(([name, build]) =>
      (['mse', 'iou', 'giou'] as const).map((loss) => [`${name}-${loss}.cfg`, build({ loss })]),
    ),
  ),
});
