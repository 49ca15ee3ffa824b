/** One row for each layer section but `[yolo]` (SPEC 1.5). */
import { commonFields, laterLayerKeys } from './common-fields.ts';
import { decimal, flag, optional, required, text, whole, wholes, word } from './field.ts';
import { type Problem, sectionReader } from './section-rule.ts';
import { readYolo } from './yolo-section.ts';

// biome-ignore format: a list of words
export const activations = [
  'logistic', 'loggy', 'relu', 'elu', 'selu', 'relie', 'ramp', 'linear', 'tanh', 'plse', 'leaky', 'stair', 'hardtan', 'lhtan',
] as const;
export type Activation = (typeof activations)[number];

const activation = (fallback: Activation) => word(activations, fallback, 'relu');

const unsupported = (key: string, off: string, given: boolean): readonly Problem[] =>
  given ? [{ key, expected: off, action: `${key} is not supported; remove it` }] : [];

const convolutional = sectionReader({
  fields: {
    ...commonFields,
    filters: whole(1, { min: 1 }),
    size: whole(1, { min: 1 }),
    stride: whole(1, { min: 1 }),
    pad: flag(false),
    /** Pixels of zeros on each side; `pad=1` makes it `size / 2`. */
    padding: whole(0, { min: 0 }),
    groups: whole(1, { min: 1 }),
    activation: activation('logistic'),
    batch_normalize: flag(false),
    /** Weights are stored transposed: `[channel x row x column, filter]`. */
    flipped: flag(false),
    binary: flag(false),
    xnor: flag(false),
    dot: decimal(0),
  },
  ignored: laterLayerKeys,
  complete: (conv) => ({ ...conv, padding: conv.pad ? Math.floor(conv.size / 2) : conv.padding }),
  check: ({ filters, groups, numload, binary, xnor, dot }) => [
    ...unsupported('binary', '0', binary),
    ...unsupported('xnor', '0', xnor),
    ...unsupported('dot', '0', dot !== 0),
    ...(filters % groups === 0
      ? []
      : [
          {
            key: 'groups',
            expected: `a divisor of filters (${filters})`,
            found: String(groups),
            action: 'correct groups or filters',
          },
        ]),
    ...(numload <= filters
      ? []
      : [
          {
            key: 'numload',
            expected: `at most filters (${filters})`,
            found: String(numload),
            action: 'correct numload',
          },
        ]),
  ],
});

const shortcut = sectionReader({
  fields: {
    ...commonFields,
    /** Layer index; negative counts back from this layer. */
    from: required(whole(0)),
    activation: activation('linear'),
    alpha: decimal(1),
    beta: decimal(1),
  },
  ignored: [...laterLayerKeys, 'weights_type', 'weights_normalization'],
  complete: (layer) => layer,
});

const route = sectionReader({
  fields: {
    ...commonFields,
    /** Layer indices; negative ones count back from this layer. */
    layers: required(wholes([])),
  },
  ignored: laterLayerKeys,
  complete: (layer) => layer,
});

const upsample = sectionReader({
  fields: {
    ...commonFields,
    /** Negative: downsample by summing blocks. */
    stride: whole(2),
    scale: decimal(1),
  },
  ignored: laterLayerKeys,
  complete: (layer) => layer,
  check: ({ stride }) =>
    stride === 0
      ? [{ key: 'stride', expected: 'a whole number other than 0', found: '0', action: 'correct the stride' }]
      : [],
});

const maxpool = sectionReader({
  fields: {
    ...commonFields,
    stride: whole(1, { min: 1 }),
    size: optional(whole(1, { min: 1 })),
    /** Of both sides together. */
    padding: optional(whole(0, { min: 0 })),
  },
  ignored: laterLayerKeys,
  complete: (layer) => {
    const size = layer.size ?? layer.stride;
    return { ...layer, size, padding: layer.padding ?? size - 1 };
  },
});

const avgpool = sectionReader({ fields: commonFields, ignored: laterLayerKeys, complete: (layer) => layer });

const connected = sectionReader({
  fields: {
    ...commonFields,
    output: whole(1, { min: 1 }),
    activation: activation('logistic'),
    batch_normalize: flag(false),
  },
  ignored: laterLayerKeys,
  complete: (layer) => layer,
});

const dropout = sectionReader({
  fields: { ...commonFields, probability: decimal(0.5, { min: 0, max: 1 }) },
  ignored: [...laterLayerKeys, 'dropblock', 'dropblock_size_abs', 'dropblock_size_rel'],
  complete: (layer) => layer,
});

const softmax = sectionReader({
  fields: {
    ...commonFields,
    groups: whole(1, { min: 1 }),
    temperature: decimal(1),
    spatial: flag(false),
    noloss: flag(false),
    tree: text(''),
  },
  ignored: laterLayerKeys,
  complete: (layer) => layer,
  check: ({ tree }) => unsupported('tree', 'no class tree', tree !== ''),
});

const cost = sectionReader({
  fields: {
    ...commonFields,
    type: word(['sse', 'masked', 'smooth', 'L1', 'seg', 'wgan'], 'sse', 'sse'),
    scale: decimal(1),
    ratio: decimal(0),
    noobj: decimal(1),
    thresh: decimal(0),
  },
  ignored: laterLayerKeys,
  // `type` names the kind of layer in a LayerConfig.
  complete: ({ type, ...layer }) => ({ ...layer, cost_type: type }),
});

// biome-ignore format: a list of words
export const layerReaders = {
  convolutional, shortcut, route, upsample, maxpool, avgpool, connected, dropout, softmax, cost, yolo: readYolo,
};

export type LayerType = keyof typeof layerReaders;

/** Other spellings that the original takes. */
export const layerAliases: ReadonlyMap<string, LayerType> = new Map([
  ['conv', 'convolutional'],
  ['max', 'maxpool'],
  ['avg', 'avgpool'],
  ['conn', 'connected'],
  ['soft', 'softmax'],
]);

/** Sections of the original that no YOLOv3 network uses; named so that the refusal can say so. */
// biome-ignore format: a list of words
export const unsupportedSections: readonly string[] = [
  'activation', 'batchnorm', 'crnn', 'crop', 'deconvolutional', 'detection', 'gru', 'iseg', 'l2norm', 'local', 'logistic', 'lrn',
  'lstm', 'normalization', 'region', 'reorg', 'rnn',
];
