/** `gdarknet convert yolo`: a folder with a `data.yaml`, as Ultralytics and Roboflow write them. */
import { readYoloFolder } from '@gdarknet/data';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { dataFailures } from '../core/failure.ts';
import { setOptions, writeParts } from '../outputs/darknet-set.ts';

export const convertYolo = command({
  path: ['convert', 'yolo'],
  product: 'files',
  summary: 'A YOLO data.yaml folder to a Darknet, VOC or COCO set; the images are linked.',
  details: ['train: and val: may be folders, lists, or several of either.'],
  examples: ['gdarknet convert yolo roboflow/data.yaml --out roboflow-darknet'],
  positionals: { file: one('the data.yaml') },
  options: setOptions,
  run: (values, context) =>
    pipe(
      readYoloFolder(values.file),
      TE.mapLeft(dataFailures),
      TE.flatMap((parts) => writeParts(parts, values, context)),
    ),
});
