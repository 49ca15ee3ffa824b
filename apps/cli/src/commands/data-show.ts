/** `gdarknet data show`: what a network would be given, with the boxes drawn in, as one picture. */

import {
  type Batch,
  batches,
  classColour,
  defaultRanges,
  drawBoxes,
  encodePng,
  type Image,
  noRanges,
  showFault,
  tile,
  toBytes,
} from '@gdarknet/data';
import type { LayerConfig, NetworkPlan } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { command } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { oneOf, text, whole } from '../arguments/value.ts';
import { thrown } from '../core/failure.ts';
import { cfgOptions } from '../inputs/cfg.ts';
import { dataSetOptions, dataSetPositional, dataSetWithPlan } from '../inputs/data-set.ts';
import { writeSet } from '../outputs/write-set.ts';
import { augmentOf } from '../training/augment.ts';

const rangesOf = (plan: NetworkPlan | undefined) => {
  if (plan === undefined) return defaultRanges;
  const head = plan.layers[plan.heads[plan.heads.length - 1]]?.config as LayerConfig<'yolo'> | undefined;
  return augmentOf(plan.net, head?.jitter ?? defaultRanges.jitter);
};

/** The pictures of a batch with their truth rows drawn in. */
const pictures = (
  { n, width, height, x, truths, counts, maxBoxes }: Batch,
  names: readonly string[],
): readonly Image[] =>
  Array.from({ length: n }, (_, i) => {
    const pixels = width * height * 3;
    const image = toBytes({ width, height, data: x.subarray(i * pixels, (i + 1) * pixels) });
    const boxes = Array.from({ length: counts[i] }, (_, row) => {
      const [cx, cy, w, h, classId] = truths.subarray((i * maxBoxes + row) * 5);
      return { x: cx, y: cy, w, h, colour: classColour(classId, names.length), label: names[classId] };
    });
    return drawBoxes(image, boxes);
  });

export const dataShow = command({
  path: ['data', 'show'],
  product: 'both',
  summary: 'Augmented samples of a set with their boxes, as one picture.',
  details: ['With --cfg the input size and the augmentation are those of its [net] and last [yolo] sections.'],
  examples: ['gdarknet data show voc.data --cfg yolov3-voc.cfg --out samples.png'],
  positionals: dataSetPositional,
  options: {
    out: withDefault(text, 'samples.png', { placeholder: 'file', doc: 'the picture, a PNG' }),
    cfg: optional(text, { placeholder: 'file', doc: 'the network they are for [416 x 416, the stock augmentation]' }),
    ...cfgOptions,
    count: withDefault(whole({ min: 1, max: 400 }), 16, { placeholder: 'n', doc: 'how many samples' }),
    seed: withDefault(whole({ min: 0, max: 2 ** 32 - 1 }), 0, {
      placeholder: 'n',
      doc: 'as that of train, whose first samples these are',
    }),
    part: withDefault(oneOf('train', 'valid'), 'train', { placeholder: 'train|valid', doc: 'of which part' }),
    plain: flag('only resized'),
    ...dataSetOptions,
    json,
  },
  run: (values, context) =>
    pipe(
      dataSetWithPlan(values, context),
      TE.bind('sheet', ({ plan, set }) =>
        TE.tryCatch(async () => {
          const { entries, names } = (values.part === 'valid' ? set.valid : undefined) ?? set.train;
          const { width, height } = plan?.net ?? { width: 416, height: 416 };
          const stream = batches({
            images: entries.map(({ path }) => path),
            labels: entries.map(({ labels }) => labels),
            batch: values.count,
            width,
            height,
            seed: values.seed,
            end: 1,
            workers: 0,
            augment: values.plain ? noRanges : rangesOf(plan),
            onFault: (fault) => context.tell(`skipped: ${showFault(fault)}`),
          });
          const shown: Image[] = [];
          const paths: string[] = [];
          for await (const batch of stream) {
            for (const picture of pictures(batch, names)) shown.push(picture);
            for (const path of batch.paths) paths.push(path);
          }
          return { png: await encodePng(tile(shown)), paths };
        }, thrown),
      ),
      TE.tap(({ sheet }) => writeSet([{ path: values.out, content: sheet.png }])),
      TE.map(({ sheet }) =>
        context.print(values.json ? JSON.stringify({ file: values.out, images: sheet.paths }) : values.out),
      ),
    ),
});
