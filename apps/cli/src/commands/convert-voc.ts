/** `gdarknet convert voc`: the original's voc_label.py. */
import { join } from 'node:path';
import { readVocSet } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { oneOf, text } from '../arguments/value.ts';
import { dataFailures, type Failure } from '../core/failure.ts';
import { namesFrom } from '../inputs/files.ts';
import { setOptions, writeParts } from '../outputs/darknet-set.ts';

export const convertVoc = command({
  path: ['convert', 'voc'],
  product: 'files',
  summary:
    'VOC annotations to a Darknet set (label files, lists, names, .data, COCO instances), or to COCO; the images are linked.',
  details: ['Difficult objects are left out, as the original does. Boxes that cannot be used are listed and left out.'],
  examples: [
    'gdarknet convert voc VOCdevkit --year 2012 --train train --valid val --names voc.names --out voc',
    'gdarknet convert voc BCCD --train trainval --valid test --out bccd',
  ],
  positionals: { folder: one('VOCdevkit with --year, or the folder that holds Annotations') },
  options: {
    year: optional(text, { placeholder: 'y', doc: 'which VOC<year>' }),
    train: withDefault(text, 'train', { placeholder: 'set', doc: 'list of ImageSets/Main for training' }),
    valid: withDefault(text, 'val', { placeholder: 'set', doc: 'list of ImageSets/Main for validation' }),
    names: optional(text, { placeholder: 'file', doc: 'the class names [those of the training part, sorted]' }),
    difficult: flag('keep the difficult objects'),
    corners: withDefault(oneOf('inclusive', 'darknet'), 'inclusive', {
      placeholder: 'inclusive|darknet',
      doc: "whether both corner pixels count in, or the original's voc_label.py, half a pixel off",
    }),
    ...setOptions,
  },
  run: (values, context) => {
    const root = values.year === undefined ? values.folder : join(values.folder, `VOC${values.year}`);
    const kept = { difficult: values.difficult ? 'keep' : 'skip', corners: values.corners } as const;
    const read = (set: string, names: readonly string[] | undefined) =>
      TE.mapLeft(dataFailures)(readVocSet(root, set, { ...kept, ...(names && { names }) }));
    return pipe(
      TE.Do,
      TE.bind('names', () =>
        values.names === undefined
          ? TE.right<Failure, undefined>(undefined)
          : namesFrom(values.names, undefined, context),
      ),
      TE.bind('train', ({ names }) => read(values.train, names)),
      TE.bind('valid', ({ train }) => read(values.valid, train.names)),
      TE.flatMap((parts) => writeParts(parts, values, context)),
    );
  },
});
