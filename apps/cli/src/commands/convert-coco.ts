/** `gdarknet convert coco`: the original's coco_label.py, with centres where it wrote corners. */
import { readCocoSet } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { flag, needed, optional } from '../arguments/option.ts';
import { text } from '../arguments/value.ts';
import { dataFailures } from '../core/failure.ts';
import { setOptions, writeParts } from '../outputs/darknet-set.ts';

export const convertCoco = command({
  path: ['convert', 'coco'],
  product: 'files',
  summary:
    'COCO instances to a Darknet set (label files, lists, names, .data, COCO instances), or to VOC; the images are linked.',
  examples: [
    'gdarknet convert coco --train instances_train.json --train-images train --valid instances_val.json --valid-images val --out coco',
  ],
  positionals: {},
  options: {
    train: needed(text, { placeholder: 'instances.json', doc: 'the training part' }),
    trainImages: needed(text, { placeholder: 'dir', doc: 'the folder of its images' }),
    valid: optional(text, { placeholder: 'instances.json', doc: 'the validation part [the training part]' }),
    validImages: optional(text, { placeholder: 'dir', doc: 'the folder of its images [that of the training part]' }),
    crowd: flag('keep the regions marked as crowds'),
    ...setOptions,
  },
  run: (values, context) => {
    const read = (instances: string, images: string) =>
      TE.mapLeft(dataFailures)(readCocoSet(instances, images, { crowd: values.crowd ? 'keep' : 'skip' }));
    return pipe(
      TE.Do,
      TE.bind('train', () => read(values.train, values.trainImages)),
      TE.bind('valid', ({ train }) =>
        values.valid === undefined ? TE.right(train) : read(values.valid, values.validImages ?? values.trainImages),
      ),
      TE.flatMap((parts) => writeParts(parts, values, context)),
    );
  },
});
