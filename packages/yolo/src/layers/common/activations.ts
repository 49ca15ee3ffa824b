/** The activations of a layer's `activation` key (SPEC 1.5). */
import { word } from '../../darknet/field.ts';

// biome-ignore format: a list of words
export const activations = [
  'logistic', 'loggy', 'relu', 'elu', 'selu', 'relie', 'ramp', 'linear', 'tanh', 'plse', 'leaky', 'stair', 'hardtan', 'lhtan',
] as const;
export type Activation = (typeof activations)[number];

/** Of AlexeyAB's Darknet. */
// biome-ignore format: a list of words
const foreign = [
  'mish', 'hard_mish', 'swish', 'gelu', 'relu6', 'normalize_channels', 'normalize_channels_softmax', 'normalize_channels_softmax_maxval',
];

/** The original takes relu for a word that it does not know. */
export const activation = (fallback: Activation) => word(activations, fallback, 'relu', foreign);
