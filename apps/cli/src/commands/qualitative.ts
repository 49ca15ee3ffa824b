/** `gdarknet qualitative`: pictures with the boxes of several runs side by side. */

import { basename, join } from 'node:path';
import { decodeImage, encodeJpeg, findLabelPath, letterbox, readLabels, showFault } from '@gdarknet/data';
import type { Device } from '@gdarknet/tensor';
import { type Detector, loadDetector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as A from 'fp-ts/lib/ReadonlyArray.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arguments, any, command, one } from '../arguments/command.ts';
import { optional, withDefault } from '../arguments/option.ts';
import { json } from '../arguments/shared-options.ts';
import { number, text, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { type Failure, modelFailure, refused, thrown } from '../core/failure.ts';
import { turn } from '../core/turn.ts';
import { coveredBy, type Judged, scoreHeader, scoreLines, scoreOf, sheet } from '../experiments/qualitative.ts';
import { trainedRun } from '../experiments/trained.ts';
import { cfgOptions, tellNotices } from '../inputs/cfg.ts';
import { deviceOptions, withDevice } from '../inputs/device.ts';
import { dataOf, imagesOf, namesOf } from '../inputs/files.ts';
import { type Output, writeSet } from '../outputs/write-set.ts';

const positionals = {
  data: one('the .data file: valid, names'),
  runs: any('folders of runs that were trained; their newest weights are used'),
};

const options = {
  out: withDefault(text, 'results/qualitative', { placeholder: 'dir', doc: 'where to' }),
  images: withDefault(whole({ min: 1 }), 100, { placeholder: 'n', doc: 'pictures, evenly from the list' }),
  id: optional(whole({ min: 0 }), { placeholder: 'n', doc: 'weights of this batch [the newest]' }),
  thresh: withDefault(number({ min: 0, max: 1 }), 0.25, { placeholder: 't', doc: 'boxes with a score above' }),
  ...cfgOptions,
  ...deviceOptions,
  json,
};

type Values = Arguments<typeof positionals, typeof options>;
type Named = { readonly name: string; readonly detector: Detector };

const load = (run: string, values: Values, device: Device, context: Context): TE.TaskEither<Failure, Named> =>
  pipe(
    trainedRun(run, values.id),
    TE.flatMap((trained) => {
      const { ignore, strict } = values;
      return TE.tryCatch(() => loadDetector({ ...trained, device, ignore, strict }), thrown);
    }),
    TE.flatMapEither(
      E.bimap(modelFailure, (detector) => {
        tellNotices(detector.notices, context);
        return { name: basename(run), detector };
      }),
    ),
  );

/** The original's names: the scores of the networks, then the picture's. */
const fileName = (path: string, judged: readonly Judged[]): string =>
  `${judged.map(({ covered }) => String(scoreOf(covered)).padStart(3, '0')).join('_')}_${basename(path).split('.')[0]}.jpg`;

const judge = async (
  path: string,
  networks: readonly Named[],
  names: readonly string[],
  values: Values,
  { tell }: Context,
) => {
  const image = await decodeImage(path)();
  const labels = await readLabels(findLabelPath(path))();
  if (E.isLeft(image) || E.isLeft(labels)) {
    for (const result of [image, labels]) if (E.isLeft(result)) tell(`skipped: ${showFault(result.left)}`);
    return undefined;
  }
  if (labels.right.labels.length === 0) return undefined;
  const { width, height } = image.right;
  const judged: Judged[] = [];
  for (const { name, detector } of networks) {
    const { data: x } = letterbox(image.right, detector.width, detector.height);
    const [found] = await detector.detect({ x, sizes: [{ width, height }] }, { thresh: values.thresh });
    judged.push({ name, covered: coveredBy(labels.right.labels, found, image.right) });
  }
  const content = await encodeJpeg(sheet(image.right, judged, names), 90);
  const output: Output = { path: join(values.out, 'images', fileName(path, judged)), content };
  return { output, lines: scoreLines(basename(path).split('.')[0], judged) };
};

/** Evenly spread over the list. */
const spread = (images: readonly string[], count: number): readonly string[] =>
  images.length <= count
    ? images
    : Array.from({ length: count }, (_, i) => images[Math.floor((i * images.length) / count)]);

const look = async (
  networks: readonly Named[],
  images: readonly string[],
  names: readonly string[],
  values: Values,
  context: Context,
): Promise<E.Either<Failure, void>> => {
  const progress = context.progress('qualitative', images.length);
  const lines: string[] = [];
  const files: string[] = [];
  for (const [i, path] of images.entries()) {
    await turn();
    if (context.signal.aborted) return E.left({ tag: 'interrupted', what: `after ${i} pictures` });
    const seen = await judge(path, networks, names, values, context);
    if (seen) {
      const written = await writeSet([seen.output])();
      if (E.isLeft(written)) return written;
      lines.push(seen.lines);
      files.push(seen.output.path);
    }
    progress.advance(i + 1);
  }
  progress.end();
  const scores = join(values.out, 'scores.csv');
  const written = await writeSet([{ path: scores, content: `${scoreHeader(networks)}${lines.join('')}` }])();
  if (E.isLeft(written)) return written;
  context.print(
    values.json
      ? JSON.stringify({ scores, files })
      : `${scores}\n${files.length} pictures in ${join(values.out, 'images')}`,
  );
  return E.right(undefined);
};

export const qualitative = command({
  path: ['qualitative'],
  product: 'files',
  summary: "Draw the boxes of several runs side by side, with IoU and GIoU of each object's best box.",
  details: [
    'Solid: what is there; dashed: the detection that covers it best by GIoU, whatever its class. Files are named by (1 + mean GIoU) x 100 of each run, so that sorting finds the pictures on which they differ; scores.csv holds every object.',
  ],
  examples: ['gdarknet qualitative voc.data backup/mse backup/iou backup/giou --images 100'],
  positionals,
  options,
  run: (values, context) =>
    values.runs.length === 0
      ? TE.left(refused('no runs to look at', 'name their folders behind the .data file'))
      : withDevice(values)((device) =>
          TE.bracket(
            A.traverse(TE.ApplicativeSeq)((run: string) => load(run, values, device, context))(values.runs),
            (networks) =>
              pipe(
                TE.Do,
                TE.bind('data', () => dataOf(values.data, context)),
                TE.bind('names', ({ data }) => namesOf(data, networks[0].detector.classes, context)),
                TE.bind('images', ({ data }) => imagesOf(data, 'valid', context)),
                TE.flatMap(
                  ({ names, images }) =>
                    () =>
                      look(networks, spread(images, values.images), names, values, context),
                ),
              ),
            (networks) => async () => E.right(networks.forEach(({ detector }) => detector.close())),
          ),
        ),
});
