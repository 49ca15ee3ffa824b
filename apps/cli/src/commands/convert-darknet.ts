/** `gdarknet convert darknet`: a set that `train` reads, as VOC annotations or COCO instances, or gathered in one folder. */
import { readListedSet } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { needed } from '../arguments/option.ts';
import { oneOf } from '../arguments/value.ts';
import { dataFailures } from '../core/failure.ts';
import { dataOf, keyOf, namesFrom } from '../inputs/files.ts';
import { placeOptions, writeParts } from '../outputs/darknet-set.ts';

export const convertDarknet = command({
  path: ['convert', 'darknet'],
  product: 'files',
  summary: 'A Darknet set to VOC or COCO: annotations of the train= and valid= lists; the images are linked.',
  details: [
    'Lines of label files that cannot be used are listed and left out.',
    '--to darknet gathers the pictures and labels of the lists in one folder.',
  ],
  examples: ['gdarknet convert darknet voc.data --to coco --out voc-as-coco'],
  positionals: { data: one('the .data file: train, valid, names') },
  options: {
    to: needed(oneOf('voc', 'coco', 'darknet'), { placeholder: 'voc|coco|darknet', doc: 'the layout to write' }),
    ...placeOptions,
  },
  run: (values, context) =>
    pipe(
      TE.Do,
      TE.bind('data', () => dataOf(values.data, context)),
      TE.bind('trainList', ({ data }) => TE.fromEither(keyOf(data, 'train'))),
      TE.bind('validList', ({ data }) => TE.fromEither(keyOf(data, 'valid'))),
      TE.bind('namesFile', ({ data }) => TE.fromEither(keyOf(data, 'names'))),
      TE.bind('names', ({ namesFile }) => namesFrom(namesFile, undefined, context)),
      TE.bind('train', ({ trainList, names }) => TE.mapLeft(dataFailures)(readListedSet(trainList, names))),
      TE.bind('valid', ({ validList, names }) => TE.mapLeft(dataFailures)(readListedSet(validList, names))),
      TE.flatMap((parts) => writeParts(parts, values, context)),
    ),
});
