/** `gdarknet convert openimages`: the CSV files of OpenImages, in place of the original's openimages_to_coco_annotations.py. */
import { readOpenImagesSet } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { flag, needed, optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { dataFailures, type Failure } from '../core/failure.ts';
import { namesFrom } from '../inputs/files.ts';
import { setOptions, writeParts } from '../outputs/darknet-set.ts';

export const convertOpenimages = command({
  path: ['convert', 'openimages'],
  product: 'files',
  summary: 'OpenImages CSV files to a Darknet, VOC or COCO set; the images are linked.',
  details: ['Only pictures that have a box of a wanted class are taken. Boxes round groups are left out.'],
  examples: [
    'gdarknet convert openimages --classes class-descriptions-boxable.csv --train train-annotations-bbox.csv --train-images train --valid validation-annotations-bbox.csv --valid-images validation --out openimages',
  ],
  positionals: {},
  options: {
    classes: needed(text, { placeholder: 'csv', doc: 'ids and names of the classes' }),
    train: needed(text, { placeholder: 'csv', doc: 'boxes of the training part' }),
    trainImages: needed(text, { placeholder: 'dir', doc: 'the folder of its images, <ImageID>.jpg' }),
    valid: optional(text, { placeholder: 'csv', doc: 'boxes of the validation part [the training part]' }),
    validImages: optional(text, { placeholder: 'dir', doc: 'the folder of its images [that of the training part]' }),
    names: optional(text, { placeholder: 'file', doc: 'the class names to take, in order [all of --classes]' }),
    groups: flag('keep the boxes round groups of objects'),
    ...setOptions,
  },
  run: (values, context) => {
    const read = (boxes: string, images: string, names: readonly string[] | undefined) =>
      TE.mapLeft(dataFailures)(
        readOpenImagesSet({
          boxes,
          images,
          classes: values.classes,
          groups: values.groups ? 'keep' : 'skip',
          ...(names && { names }),
        }),
      );
    return pipe(
      TE.Do,
      TE.bind('names', () =>
        values.names === undefined
          ? TE.right<Failure, undefined>(undefined)
          : namesFrom(values.names, undefined, context),
      ),
      TE.bind('train', ({ names }) => read(values.train, values.trainImages, names)),
      TE.bind('valid', ({ train, names }) =>
        values.valid === undefined
          ? TE.right(train)
          : read(values.valid, values.validImages ?? values.trainImages, names),
      ),
      TE.flatMap((parts) => writeParts(parts, values, context)),
    );
  },
});
