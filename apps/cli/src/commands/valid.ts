/** `gdarknet valid`: detections on a whole list as result files, which `eval` scores. */
import { performance } from 'node:perf_hooks';
import { showFault, validationBatches } from '@gdarknet/data';
import type { DataConfig, Detector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arguments, command, one } from '../arguments/command.ts';
import { optional, withDefault } from '../arguments/option.ts';
import { gpuIndex, hier, json, nmsKind, noGpu } from '../arguments/shared-options.ts';
import { number, text, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, thrown } from '../core/failure.ts';
import { detectAll } from '../detection/detect-all.ts';
import { noticesFor } from '../inputs/cfg.ts';
import { classesOfData } from '../inputs/classes.ts';
import { networkOptions, withDetector } from '../inputs/detector.ts';
import { dataOf, imagesOf, namesOf } from '../inputs/files.ts';
import { type Gatherer, gatherer } from '../outputs/results.ts';
import { SpoolError } from '../outputs/spool.ts';

type Values = {
  readonly thresh: number;
  readonly nms: number;
  readonly nmsKind: 'iou' | 'giou' | 'diou' | undefined;
  readonly batch: number;
  readonly compat: 'darknet-cpu' | undefined;
};

/** What `valid` and `valid2` differ in. */
type Way = { readonly flip: boolean };

type Outcome = { readonly images: number; readonly skipped: number; readonly seconds: number };

const detectInto =
  (into: Gatherer, detector: Detector, images: readonly string[], values: Values, { flip }: Way, context: Context) =>
  async (): Promise<E.Either<Failure, Outcome>> => {
    const { thresh, nms, nmsKind, compat } = values;
    const batch = Math.min(values.batch, images.length);
    const stream = validationBatches({
      images,
      batch,
      width: detector.width,
      height: detector.height,
      darkLastRow: compat !== undefined,
      onFault: (fault) => context.tell(`skipped: ${showFault(fault)}`),
    });
    const from = performance.now();
    const progress = context.progress('valid', images.length);
    let done = 0;
    try {
      for await (const { found, waitMs } of detectAll(
        detector,
        stream,
        { thresh, nms, nmsKind, batch, flip, units: 'pixels' },
        context.signal,
      )) {
        found.forEach(into.add);
        done += found.length;
        progress.advance(done + stream.report().skipped, waitMs);
      }
    } catch (error) {
      return E.left(error instanceof SpoolError ? error.failure : thrown(error));
    } finally {
      progress.end();
      await stream.close();
    }
    if (context.signal.aborted) return E.left({ tag: 'interrupted', what: 'no result files were written' });
    const { skipped } = stream.report();
    return E.right({ images: done, skipped, seconds: (performance.now() - from) / 1000 });
  };

const report = (
  into: Gatherer,
  outcome: Outcome,
  detector: Detector,
  asJson: boolean,
  { print, tell }: Context,
): E.Either<Failure, void> => {
  const { images, skipped, seconds } = outcome;
  const files = into.paths;
  tell(`Total Detection Time: ${seconds.toFixed(6)} Seconds`);
  tell(`${into.count()} detections on ${images} images (${(images / seconds).toFixed(2)} images/s)`);
  const notices = noticesFor('detection', detector.notices);
  const document = { images, skipped, detections: into.count(), seconds, files, notices };
  print(asJson ? JSON.stringify(document) : files.join('\n'));
  return skipped === 0
    ? E.right(undefined)
    : E.left({
        tag: 'incomplete',
        what: `${skipped} of ${images + skipped} images could not be used; they are listed above`,
      });
};

type Folder = { readonly results: string | undefined; readonly out: string | undefined };

const resultsOf = (data: DataConfig, { results }: Folder): string => results ?? data.results;

const positionals = {
  data: one('the .data file: valid, names, results, eval'),
  cfg: one('the network'),
  weights: one('its weights'),
};

const options = {
  results: optional(text, {
    placeholder: 'dir',
    doc: 'folder for the result files, made when missing [results= of the .data file]',
    spellings: ['-prefix', '--prefix'],
  }),
  out: optional(text, { placeholder: 'stem', doc: 'stem (voc) or name (coco, imagenet) of the files' }),
  thresh: withDefault(number({ min: 0, max: 1 }), 0.005, { placeholder: 't', doc: 'keep boxes with a score above' }),
  nms: withDefault(number({ min: 0, max: 1 }), 0.45, {
    placeholder: 't',
    doc: 'of two boxes of a class that overlap more, keep the better; 0 keeps all',
  }),
  nmsKind,
  batch: withDefault(whole({ min: 1, max: 256 }), 4, { placeholder: 'n', doc: 'images computed together' }),
  ...networkOptions,
  json,
  hier,
  gpuIndex,
  noGpu,
};

const run =
  (way: Way) =>
  (values: Arguments<typeof positionals, typeof options>, context: Context): TE.TaskEither<Failure, void> =>
    pipe(
      TE.Do,
      TE.bind('data', () => dataOf(values.data, context)),
      TE.bind('images', ({ data }) => imagesOf(data, 'valid', context)),
      TE.flatMap(({ data, images }) =>
        withDetector(
          values,
          context,
        )((detector) =>
          pipe(
            TE.Do,
            TE.bind('names', () => namesOf(data, detector.classes, context)),
            TE.tapIO(() => () => {
              const network = { file: values.cfg, classes: detector.classes };
              for (const difference of classesOfData(data, network)) context.tell(`warning: ${difference}`);
            }),
            TE.bindW('into', ({ names }) =>
              TE.fromEither(
                gatherer(data.eval, {
                  folder: resultsOf(data, values),
                  out: values.out,
                  names,
                  images,
                  compat: values.compat !== undefined,
                }),
              ),
            ),
            TE.bind('outcome', ({ into }) =>
              pipe(
                detectInto(into, detector, images, values, way, context),
                TE.mapLeft((failure: Failure) => {
                  into.discard();
                  return failure;
                }),
              ),
            ),
            TE.tap(({ into }) => into.finish()),
            TE.flatMapEither(({ into, outcome }) => report(into, outcome, detector, values.json, context)),
          ),
        ),
      ),
    );

export const valid = command({
  path: ['valid'],
  aliases: [['detector', 'valid']],
  product: 'files',
  summary:
    'Detect on every image of the valid= list and write result files: comp4_det_test_<class>.txt or coco_results.json.',
  details: [
    'The eval= key of the .data file decides the kind (voc, coco, imagenet). Files are written together at the end, whole or not at all. An image that cannot be read is skipped and listed; the exit status is then 1.',
  ],
  examples: [
    'gdarknet valid coco.data yolov3.cfg yolov3.weights --results results',
    'gdarknet detector valid voc.data yolov3-voc.cfg yolov3-voc.weights -prefix results -out comp4_det_val_',
  ],
  positionals,
  options,
  run: run({ flip: false }),
});

export const valid2 = command({
  path: ['valid2'],
  aliases: [['detector', 'valid2']],
  product: 'files',
  summary: 'The same as valid, averaged over each picture and its mirror image.',
  details: [
    "The original's valid2 crashes, and would average other values than it means to; this one turns columns and x back before it averages.",
  ],
  examples: ['gdarknet valid2 coco.data yolov3.cfg yolov3.weights --results results'],
  positionals,
  options,
  run: run({ flip: true }),
});
