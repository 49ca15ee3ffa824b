/** `gdarknet train`: train a network on the train= list (SPEC 5.7, 5.8, 3, 7.6). */
import { join } from 'node:path';
import { batches, multiScaleSide, showFault } from '@gdarknet/data';
import type { Device } from '@gdarknet/tensor';
import type { DataConfig, LayerConfig, Trainer } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arguments, command, maybe, one } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { listOf, oneOf, text, whole } from '../arguments/value.ts';
import type { Context } from '../context.ts';
import { type Failure, refused } from '../failure.ts';
import { networkOptions } from '../inputs/detector.ts';
import { withDevice } from '../inputs/device.ts';
import { bytesOf, dataOf, imagesOf, namesOf, tellNotices, textOf } from '../inputs/files.ts';
import { assessor } from '../training/assessor.ts';
import { augmentOf } from '../training/augment.ts';
import { batchLine, detailLines, openingLines } from '../training/lines.ts';
import { openRun, type RunFolder, record, runFolder } from '../training/run-folder.ts';
import { runSession, type Session, type Trained } from '../training/session.ts';
import { withTrainer } from '../training/trainer.ts';
import { version } from '../version.ts';
import { gpuIndex, json, noGpu } from './shared-options.ts';

const positionals = {
  data: one('the .data file: train, backup, prefix; valid and names for --assess'),
  cfg: one('the network'),
  weights: maybe('weights to start from: a pretrained backbone, or the .backup of a run that goes on'),
};

const options = {
  clear: flag('forget how many images the weights have seen: for fine-tuning', ['-clear']),
  prefix: optional(text, { placeholder: 'name', doc: "the run's folder in backup= [prefix= of the .data file]" }),
  seed: withDefault(whole({ min: 0, max: 2 ** 32 - 1 }), 0, {
    placeholder: 'n',
    doc: 'of initial weights and batches; the same seed gives the same run',
  }),
  maxBatches: optional(whole({ min: 1 }), { placeholder: 'n', doc: 'end with this batch [max_batches of the cfg]' }),
  assess: optional(whole({ min: 0 }), {
    placeholder: 'n',
    doc: 'measure AP on the valid= list every n batches and at the end; 0 at the end only [never]',
  }),
  gradient: withDefault(oneOf('darknet', 'darknet-published', 'exact'), 'darknet', {
    placeholder: 'darknet|darknet-published|exact',
    doc: "the original's box gradient with its defect for disjoint boxes corrected, with it, or the loss's own",
  }),
  workers: withDefault(whole({ min: 0, max: 64 }), 1, { placeholder: 'n', doc: 'threads that prepare batches' }),
  ignore: networkOptions.ignore,
  partial: networkOptions.partial,
  device: networkOptions.device,
  threads: networkOptions.threads,
  verbose: flag("print the original's lines for every [yolo] layer and mini-batch too"),
  json,
  gpus: optional(listOf(whole({ min: 0 })), {
    placeholder: 'n',
    doc: "the original's list of GPUs; one at most",
    spellings: ['-gpus'],
  }),
  gpuIndex,
  noGpu,
};

type Values = Arguments<typeof positionals, typeof options>;

const runOf = (data: DataConfig, { prefix, cfg }: Values): RunFolder =>
  runFolder(join(data.backup ?? 'backup', prefix ?? data.prefix), cfg);

/** Multi-scale training, jitter and colour ranges are keys of the last [yolo] layer and of [net] (SPEC 1.6). */
const streamFor = (
  trainer: Trainer,
  images: readonly string[],
  limit: number,
  values: Values,
  tell: Context['tell'],
) => {
  const { net, heads, layers } = trainer.plan;
  const { jitter, random, classes } = layers[heads[heads.length - 1]].config as LayerConfig<'yolo'>;
  const { width, height } = trainer;
  const scale = { seed: values.seed, maxBatches: net.max_batches };
  const sideAt = (index: number): number => multiScaleSide(scale, index);
  return batches({
    images,
    classes,
    width,
    height,
    batch: trainer.batch,
    seed: values.seed,
    workers: values.workers,
    augment: augmentOf(net, jitter),
    maxBoxes: trainer.maxTruths,
    start: Math.floor(trainer.seen() / trainer.batch),
    end: Math.max(limit, Math.floor(trainer.seen() / trainer.batch)),
    onFault: (fault) => tell(`skipped: ${showFault(fault)}`),
    ...(random && { sizeOf: (index: number) => ({ width: sideAt(index), height: sideAt(index) }) }),
  });
};

type Files = {
  readonly data: DataConfig;
  readonly images: readonly string[];
  readonly cfg: string;
  readonly weights: Uint8Array | undefined;
};

const assessing = (
  files: Files,
  values: Values,
  device: Device,
  trainer: Trainer,
  context: Context,
): TE.TaskEither<Failure, Session['assess']> => {
  if (values.assess === undefined) return TE.right(undefined);
  const classes = (trainer.plan.layers[trainer.plan.heads[0]].config as LayerConfig<'yolo'>).classes;
  return pipe(
    TE.Do,
    TE.bind('names', () => namesOf(files.data, classes, context)),
    TE.bind('images', () => imagesOf(files.data, 'valid')),
    TE.map(({ names, images }) =>
      assessor({ cfg: files.cfg, cfgFile: values.cfg, ignore: values.ignore, device, names, images }, context),
    ),
  );
};

const startOf = (files: Files, values: Values, device: Device, trainer: Trainer, limit: number, { argv }: Context) => ({
  gdarknet: version,
  command: ['gdarknet', ...argv],
  started: new Date().toISOString(),
  ...{ seed: values.seed, gradient: values.gradient, limit, images: files.images.length },
  device: { name: device.name, description: device.description },
  data: values.data,
  weights: values.weights ?? null,
  seen: trainer.seen(),
  cfg: { file: values.cfg, text: files.cfg },
});

const session = (
  files: Files,
  values: Values,
  device: Device,
  trainer: Trainer,
  context: Context,
): TE.TaskEither<Failure, void> => {
  const { print, tell } = context;
  const folder = runOf(files.data, values);
  const limit = values.maxBatches ?? trainer.plan.net.max_batches;
  const from = Math.floor(trainer.seen() / trainer.batch);
  tellNotices(trainer.notices, context);
  if (limit === 0) {
    return TE.left(refused(`${values.cfg}: has no max_batches in [net]`, 'write it there or give --max-batches'));
  }
  tell(`${values.cfg}: ${trainer.width} x ${trainer.height}, batch ${trainer.batch}, on ${device.description}`);
  tell(`run folder ${folder.path}, ${files.images.length} images, batches ${from} to ${limit}`);
  if (from >= limit) tell(`note: the weights have seen ${from} batches already; --clear starts to count anew`);
  if (!values.json) for (const line of openingLines(folder.base, trainer)) print(line);
  const progress = context.progress('train', (limit - from) * trainer.batch);
  const start = startOf(files, values, device, trainer, limit, context);
  return pipe(
    assessing(files, values, device, trainer, context),
    TE.tap(() => openRun(folder, start)),
    TE.tap(() => record(folder, { type: 'start', batch: from, seed: values.seed, device: device.name })),
    TE.flatMap((assess) =>
      runSession(
        {
          ...{ trainer, folder, limit, assess, assessEvery: values.assess ?? 0 },
          stream: streamFor(trainer, files.images, limit, values, tell),
          onUpdate: (update) => {
            if (!values.json) {
              for (const line of values.verbose ? detailLines(update, trainer) : []) print(line);
              print(batchLine(update));
            }
            progress.advance((update.batch - from) * trainer.batch, update.waitMs, `loss ${update.average.toFixed(3)}`);
          },
        },
        context,
      ),
    ),
    // Whatever came of it, the line must not stand in the way of what is told next.
    (task) => async () => {
      const done = await task();
      progress.end();
      return done;
    },
    TE.map((trained) => report(trained, folder, values.json, context)),
  );
};

const report = (trained: Trained, folder: RunFolder, asJson: boolean, { print, tell }: Context): void => {
  const { skipped, dropped, assessment, ...rest } = trained;
  if (skipped > 0)
    tell(`${skipped} times a picture could not be used and another took its place; each is listed above`);
  if (dropped > 0) tell(`${dropped} boxes without area were left out`);
  if (!asJson) return;
  const ap = assessment && { iou: assessment.results.iou.stats, giou: assessment.results.giou.stats };
  print(JSON.stringify({ run: folder.path, ...rest, skipped, dropped, ...(ap && { stats: ap }) }));
};

const filesOf = (values: Values, context: Context): TE.TaskEither<Failure, Files> =>
  pipe(
    TE.Do,
    TE.bind('data', () => dataOf(values.data, context)),
    TE.bind('images', ({ data }) => imagesOf(data, 'train')),
    TE.bind('cfg', () => textOf(values.cfg)),
    TE.bind('weights', () => (values.weights === undefined ? TE.right(undefined) : bytesOf(values.weights))),
  );

export const train = command({
  path: ['train'],
  aliases: [['detector', 'train']],
  summary: 'Train a network: weights, log.csv, events and charts go into <backup>/<prefix>/.',
  details: [
    'Weights are saved as the original does: <base>.backup every 100 batches, <base>_<n>.weights, <base>_final.weights, each whole or not at all. To go on after an interruption give the .backup as the weights.',
    'A picture that cannot be read, or has no label file, is skipped and listed. A loss that is not finite stops the run and names the batch.',
  ],
  examples: [
    'gdarknet train voc.data yolov3-voc.cfg darknet53.conv.74 --assess 1000',
    'gdarknet detector train voc.data yolov3-voc.cfg backup/run/yolov3-voc.backup -gpus 0',
  ],
  positionals,
  options,
  run: (values, context) =>
    (values.gpus?.length ?? 0) > 1
      ? TE.left(
          refused(
            `-gpus ${values.gpus?.join(',')}: training on several devices is not there yet`,
            'name one, or leave -gpus out',
          ),
        )
      : pipe(
          filesOf(values, context),
          TE.flatMap((files) =>
            withDevice(values)((device) =>
              withTrainer(
                {
                  cfg: { file: values.cfg, text: files.cfg },
                  weights: files.weights && { file: values.weights ?? '', bytes: files.weights },
                  ...{ seed: values.seed, gradient: values.gradient, clear: values.clear },
                  ...{ partial: values.partial, ignore: values.ignore },
                },
                device,
              )((trainer) => session(files, values, device, trainer, context)),
            ),
          ),
        ),
});
