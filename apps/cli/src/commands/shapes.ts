/** `gdarknet shapes`: the embedded synthetic set as files, with a small network for it. */
import { join } from 'node:path';
import { shapeNames, writeShapes } from '@gdarknet/data';
import { zoo } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command, one } from '../arguments/command.ts';
import { withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { whole } from '../arguments/value.ts';
import { dataFailure, refused } from '../core/failure.ts';
import { writeSet } from '../outputs/write-set.ts';

const losses = ['mse', 'iou', 'giou'] as const;
/** The network halves its input four times. */
const stride = 16;

export const shapes = command({
  path: ['shapes'],
  product: 'both',
  summary:
    'Write the embedded synthetic detection set: pictures of coloured shapes, labels, lists, a .data file, and a cfg for each loss.',
  examples: ['gdarknet shapes shapes && gdarknet train shapes/shapes.data shapes/shapes-giou.cfg'],
  positionals: { folder: one('where to; made when missing') },
  options: {
    train: withDefault(whole({ min: 1 }), 800, { placeholder: 'n', doc: 'training pictures' }),
    valid: withDefault(whole({ min: 1 }), 200, { placeholder: 'n', doc: 'validation pictures, from another seed' }),
    size: withDefault(whole({ min: 32, max: 2048 }), 128, { placeholder: 'px', doc: 'side of the square pictures' }),
    seed: withDefault(whole({ min: 0 }), 1, { placeholder: 'n', doc: 'the same seed gives the same pictures' }),
    json,
  },
  run: ({ folder, train, valid, size, seed, json }, context) => {
    if (size % stride !== 0) return TE.left(refused(`--size ${size}: is no multiple of ${stride}`, 'give one that is'));
    context.tell(`writing ${train} + ${valid} pictures of ${size} x ${size} with ${shapeNames.join(', ')}`);
    return pipe(
      writeShapes(folder, { train, valid, size, seed }),
      TE.mapLeft(dataFailure),
      TE.map((files) => ({ ...files, cfg: losses.map((loss) => join(folder, `shapes-${loss}.cfg`)) })),
      TE.tap(({ cfg }) => writeSet(losses.map((loss, i) => ({ path: cfg[i], content: zoo.shapes({ loss, size }) })))),
      TE.map((files) => context.print(json ? JSON.stringify(files) : Object.values(files).flat().join('\n'))),
    );
  },
});
