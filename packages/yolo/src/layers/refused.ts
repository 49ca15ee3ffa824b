/** Sections that Darknets have and that are not supported, so that the refusal can say so. */

// biome-ignore format: a list of words
export const refusedSections: readonly string[] = [
  'activation', 'batchnorm', 'crnn', 'crop', 'deconvolutional', 'detection', 'gru', 'iseg', 'l2norm', 'local', 'logistic', 'lrn',
  'lstm', 'normalization', 'region', 'reorg', 'rnn',
];
