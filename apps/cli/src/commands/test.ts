/** `gdarknet test`: boxes on single pictures, printed and drawn (SPEC 6.5). */
import { basename, extname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { classColour, decodeImage, drawBoxes, type Image, letterbox, showFault, writeJpeg } from '@gdarknet/data';
import type { Detection, Detector } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { any, command, one } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { gpuIndex, hier, json, nmsKind, noGpu } from '../arguments/shared-options.ts';
import { number, text } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { dataFailure, type Failure, refused, thrown } from '../core/failure.ts';
import { turn } from '../core/turn.ts';
import { type NetworkChoice, networkOptions, withDetector } from '../inputs/detector.ts';
import { dataOf, namesFrom, namesOf } from '../inputs/files.ts';

type Row = {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly {
    readonly class: number;
    readonly name: string;
    readonly score: number;
    readonly box: Detection['box'];
  }[];
};

type Values = NetworkChoice & {
  readonly images: readonly string[];
  readonly thresh: number;
  readonly nms: number;
  readonly nmsKind: 'iou' | 'giou' | 'diou' | undefined;
  readonly out: string | undefined;
  readonly outStem: string | undefined;
  readonly json: boolean;
};

/** Where the drawn pictures go: a new name for every image, or none. */
const pictureNames = ({ out, outStem, json, images }: Values): ((image: string) => string | undefined) => {
  const used = new Set<string>();
  const free = (stem: string): string => {
    let name = stem;
    for (let i = 2; used.has(name); i++) name = `${stem}-${i}`;
    used.add(name);
    return `${name}.jpg`;
  };
  const ofImage = (image: string): string => basename(image, extname(image));
  if (out !== undefined) return (image) => free(join(out, ofImage(image)));
  if (outStem !== undefined) return () => free(outStem);
  if (json) return () => undefined;
  return images.length > 1 ? (image) => free(join('predictions', ofImage(image))) : () => free('predictions');
};

/** The images named, or paths from stdin, line by line, as the original asks for them. */
const imagesFrom = async function* ({ images }: Values, { stdin, tell }: Context): AsyncGenerator<string> {
  yield* images;
  if (images.length > 0) return;
  if (stdin.isTTY) tell('Enter Image Path: (an empty line ends)');
  for await (const line of createInterface({ input: stdin })) {
    const path = line.trim();
    if (path === '' && stdin.isTTY) return;
    if (path !== '') yield path;
  }
};

const draw = (image: Image, { detections }: Row, classes: number): Image =>
  drawBoxes(
    image,
    // Best last, so that it lies on top.
    [...detections].reverse().map(({ class: classId, name, score, box: [x, y, w, h] }) => ({
      x,
      y,
      w,
      h,
      score,
      label: name,
      colour: classColour(classId, classes),
    })),
  );

type Seen = { readonly row: Row; readonly image: Image; readonly seconds: number };

const look = async (detector: Detector, path: string, names: readonly string[], values: Values) => {
  const decoded = await decodeImage(path)();
  if (E.isLeft(decoded)) return decoded;
  const image = decoded.right;
  const { data: x } = letterbox(image, detector.width, detector.height, { darkLastRow: values.compat !== undefined });
  const from = performance.now();
  const { width, height } = image;
  const { thresh, nms, nmsKind } = values;
  const [found] = await detector.detect({ x, sizes: [{ width, height }] }, { thresh, nms, nmsKind });
  const detections = found.map(({ class: id, score, box }) => ({ class: id, name: names[id], score, box }));
  const seen: Seen = {
    row: { image: path, width, height, detections },
    image,
    seconds: (performance.now() - from) / 1000,
  };
  return E.right(seen);
};

const show = ({ row, seconds }: Seen, { print }: Context): void => {
  print(`${row.image}: Predicted in ${seconds.toFixed(6)} seconds.`);
  for (const { name, score } of row.detections) print(`${name}: ${Math.round(100 * score)}%`);
};

const detectEach =
  (detector: Detector, names: readonly string[], values: Values, context: Context) =>
  async (): Promise<E.Either<Failure, void>> => {
    const nameOf = pictureNames(values);
    const rows: Row[] = [];
    let skipped = 0;
    const progress = context.progress('test', values.images.length);
    try {
      for await (const path of imagesFrom(values, context)) {
        await turn();
        if (context.signal.aborted) return E.left({ tag: 'interrupted', what: `after ${rows.length} images` });
        const seen = await look(detector, path, names, values);
        if (E.isLeft(seen)) {
          context.tell(`skipped: ${showFault(seen.left)}`);
          skipped++;
          continue;
        }
        rows.push(seen.right.row);
        if (!values.json) show(seen.right, context);
        const picture = nameOf(path);
        if (picture !== undefined) {
          const written = await writeJpeg(picture, draw(seen.right.image, seen.right.row, names.length))();
          if (E.isLeft(written)) return E.left(dataFailure(written.left));
          context.tell(`wrote ${picture}`);
        }
        progress.advance(rows.length + skipped);
      }
    } catch (error) {
      return E.left(thrown(error));
    } finally {
      progress.end();
    }
    if (values.json) context.print(JSON.stringify(rows));
    const total = rows.length + skipped;
    if (total === 0)
      return E.left(refused('no image was named', 'name one behind the weights, or one a line on stdin'));
    return skipped === 0
      ? E.right(undefined)
      : E.left({ tag: 'incomplete', what: `${skipped} of ${total} images could not be used; they are listed above` });
  };

const options = {
  thresh: withDefault(number({ min: 0, max: 1 }), 0.5, { placeholder: 't', doc: 'keep boxes with a score above' }),
  nms: withDefault(number({ min: 0, max: 1 }), 0.45, {
    placeholder: 't',
    doc: 'of two boxes of a class that overlap more, keep the better; 0 keeps all',
  }),
  nmsKind,
  // In this command the original's -out is a file's stem, ours is a folder: the dashes tell (DESIGN 13).
  out: optional(text, { placeholder: 'dir', doc: 'folder for the pictures with boxes' }),
  outStem: optional(text, {
    placeholder: 'stem',
    doc: 'the picture with boxes is <stem>.jpg [predictions; none with --json]',
    spellings: ['-out'],
  }),
  ...networkOptions,
  json,
  fullscreen: flag("accepted from the original's command line"),
  hier,
  gpuIndex,
  noGpu,
};

const images = any('pictures; without any, paths are read from stdin, one a line');

export const test = command({
  path: ['test'],
  aliases: [['detector', 'test']],
  product: 'both',
  summary: 'Detect on single pictures: print the boxes and draw them.',
  details: [
    'With --json: an array, one entry an image: { image, width, height, detections: [{ class, name, score, box: [x, y, w, h] }] }, best first; centre and size relative to the image. A picture that cannot be read is skipped and listed; the exit status is then 1.',
  ],
  examples: [
    'gdarknet test coco.data yolov3.cfg yolov3.weights dog.jpg --thresh 0.3 --out drawn',
    'gdarknet detector test coco.data yolov3.cfg yolov3.weights dog.jpg -out dog-with-boxes',
  ],
  positionals: { data: one('the .data file: names'), cfg: one('the network'), weights: one('its weights'), images },
  options,
  run: (values, context) =>
    pipe(
      dataOf(values.data, context),
      TE.flatMap((data) =>
        withDetector(
          values,
          context,
        )((detector) =>
          pipe(
            namesOf(data, detector.classes, context),
            TE.flatMap((names) => detectEach(detector, names, values, context)),
          ),
        ),
      ),
    ),
});

export const detect = command({
  path: ['detect'],
  product: 'both',
  summary: 'The same as test without a .data file.',
  examples: ['gdarknet detect yolov3.cfg yolov3.weights dog.jpg --names coco.names'],
  positionals: { cfg: one('the network'), weights: one('its weights'), images },
  options: {
    names: optional(text, { placeholder: 'file', doc: 'the class names, one a line [class 0, class 1, ...]' }),
    ...options,
  },
  run: (values, context) =>
    withDetector(
      values,
      context,
    )((detector) =>
      pipe(
        values.names === undefined
          ? TE.right(Array.from({ length: detector.classes }, (_, i) => `class ${i}`))
          : namesFrom(values.names, detector.classes, context),
        TE.flatMap((names) => detectEach(detector, names, values, context)),
      ),
    ),
});
