/** `gdarknet demo`: detect on a film, a camera or a folder of pictures. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { classColour, decodeImage, drawBoxes, type Image, letterbox, showFault, writeJpeg } from '@gdarknet/data';
import { averageOutputs, type Detection, type Detector, listDetections, type Mix, nmsObject } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Arguments, command, maybe, one } from '../arguments/command.ts';
import { flag, optional, withDefault } from '../arguments/option.ts';
import { gpuIndex, hier, json, noGpu } from '../arguments/shared-options.ts';
import { number, text, whole } from '../arguments/value.ts';
import type { Context } from '../core/context.ts';
import { dataFailure, type Failure, refused, thrown } from '../core/failure.ts';
import { turn } from '../core/turn.ts';
import { FilmError, filmWriter, framesOf, rateOf } from '../experiments/film.ts';
import { networkOptions, withDetector } from '../inputs/detector.ts';
import { dataOf, namesOf } from '../inputs/files.ts';

const positionals = {
  data: one('the .data file: names'),
  cfg: one('the network'),
  weights: one('its weights'),
  source: maybe('a film, or a folder of pictures [camera]'),
};

const options = {
  out: optional(text, {
    placeholder: 'file|dir',
    doc: 'a film (film.mp4) or a folder to write the pictures with boxes to',
  }),
  prefix: optional(text, {
    placeholder: 'stem',
    doc: 'write pictures <stem>_00000001.jpg and so on, as the original',
    spellings: ['-prefix'],
  }),
  thresh: withDefault(number({ min: 0, max: 1 }), 0.5, { placeholder: 't', doc: 'keep boxes with a score above' }),
  nms: withDefault(number({ min: 0, max: 1 }), 0.4, {
    placeholder: 't',
    doc: 'of two boxes that overlap more, keep the better',
  }),
  average: optional(whole({ min: 1, max: 100 }), {
    placeholder: 'n',
    doc: "average the network's outputs over so many frames [3 for a film, 1 for a folder]",
    spellings: ['-avg'],
  }),
  fps: optional(number({ min: 0.1 }), {
    placeholder: 'n',
    doc: "of the film that is written [the source's]",
    spellings: ['-fps'],
  }),
  camera: withDefault(whole({ min: 0 }), 0, {
    placeholder: 'n',
    doc: 'which camera, where there is no source',
    spellings: ['-c'],
  }),
  ...networkOptions,
  json,
  hier,
  gpuIndex,
  noGpu,
  fullscreen: flag("accepted from the original's command line"),
};

type Values = Arguments<typeof positionals, typeof options>;
type Frame = { readonly name: string; readonly image: Image };

const pictures = ['.jpg', '.jpeg', '.png', '.bmp', '.ppm', '.webp'];

const isFolder = (source: string | undefined): source is string =>
  source !== undefined && existsSync(source) && statSync(source).isDirectory();

const filmInput = ({ source, camera }: Values): readonly string[] =>
  source === undefined ? ['-f', 'v4l2', '-i', `/dev/video${camera}`] : ['-i', source];

const pad = (n: number): string => String(n).padStart(8, '0');

const framesFrom = async function* (values: Values, { tell }: Context): AsyncGenerator<Frame> {
  const { source } = values;
  if (!isFolder(source)) {
    let n = 0;
    for await (const image of framesOf(filmInput(values))) yield { name: pad(++n), image };
    return;
  }
  const names = readdirSync(source).filter((name) => pictures.includes(extname(name).toLowerCase()));
  for (const name of names.sort()) {
    const image = await decodeImage(join(source, name))();
    if (E.isLeft(image)) tell(`skipped: ${showFault(image.left)}`);
    else yield { name: basename(name, extname(name)), image: image.right };
  }
};

/** Averages over the last `count` frames. */
const overFrames = (count: number): Mix => {
  const last: Parameters<Mix>[0][number][] = [];
  return ([outputs]) => {
    last.push(outputs);
    if (last.length > count) last.shift();
    return [outputs.map((_, head) => averageOutputs(last.map((frame) => frame[head])))];
  };
};

type Sink = {
  readonly write: (frame: Frame, drawn: Image, n: number) => Promise<void>;
  readonly end: () => Promise<void>;
};

const nothing: Sink = { write: async () => undefined, end: async () => undefined };

const jpegs = (nameOf: (frame: Frame, n: number) => string): Sink => ({
  write: async (frame, drawn, n) => {
    const written = await writeJpeg(nameOf(frame, n), drawn)();
    if (E.isLeft(written)) throw new Refusal(dataFailure(written.left));
  },
  end: async () => undefined,
});

class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.tag);
    this.failure = failure;
  }
}

const sinkOf = async (values: Values): Promise<Sink> => {
  const { out, prefix } = values;
  if (prefix !== undefined) return jpegs((_, n) => `${prefix}_${pad(n)}.jpg`);
  if (out === undefined) return nothing;
  if (extname(out) === '') return jpegs(({ name }) => join(out, `${name}.jpg`));
  const rate = values.fps ?? (isFolder(values.source) ? undefined : await rateOf(filmInput(values))) ?? 25;
  const film = filmWriter(out, rate);
  return { write: (_, drawn) => film.write(drawn), end: film.end };
};

const draw = (image: Image, found: readonly Detection[], names: readonly string[]): Image =>
  drawBoxes(
    image,
    [...found].reverse().map(({ class: id, score, box: [x, y, w, h] }) => ({
      x,
      y,
      w,
      h,
      score,
      label: names[id],
      colour: classColour(id, names.length),
    })),
  );

const play = async (
  detector: Detector,
  names: readonly string[],
  values: Values,
  context: Context,
): Promise<number> => {
  const { thresh, nms } = values;
  const mix = overFrames(values.average ?? (isFolder(values.source) ? 1 : 3));
  const sink = await sinkOf(values);
  let n = 0;
  for await (const frame of framesFrom(values, context)) {
    await turn();
    if (context.signal.aborted) break;
    const from = performance.now();
    const { image, name } = frame;
    const { data: x } = letterbox(image, detector.width, detector.height);
    const { width, height } = image;
    const [raw] = await detector.candidates({ x, sizes: [{ width, height }] }, { thresh, nms: 0, mix });
    const found = listDetections(nms > 0 ? nmsObject(raw, nms) : raw);
    n++;
    const fps = 1000 / (performance.now() - from);
    if (values.json) {
      const rows = found.map(({ class: id, score, box }) => ({ class: id, name: names[id], score, box }));
      context.print(JSON.stringify({ frame: name, width, height, detections: rows }));
    } else {
      const objects = found.map(({ class: id, score }) => `${names[id]}: ${Math.round(100 * score)}%`);
      context.print([`${name} FPS:${fps.toFixed(1)}`, ...objects].join('\n'));
    }
    if (sink !== nothing) await sink.write(frame, draw(image, found, names), n);
  }
  await sink.end();
  return n;
};

const failureOf = (error: unknown): Failure => {
  if (error instanceof Refusal) return error.failure;
  return error instanceof FilmError
    ? refused(error.message, 'install ffmpeg and look at the source, or give a folder of pictures')
    : thrown(error);
};

export const demoCommand = command({
  path: ['demo'],
  aliases: [['detector', 'demo']],
  product: 'both',
  summary: 'Detect on a film, a camera or a folder of pictures; films go through an installed ffmpeg.',
  details: [
    'With --json one line a frame: { frame, width, height, detections }, as of `test`. Without --out and --prefix nothing is drawn.',
  ],
  examples: [
    'gdarknet demo coco.data yolov3.cfg yolov3.weights film.mp4 --out with-boxes.mp4',
    'gdarknet detector demo coco.data yolov3.cfg yolov3.weights film.mp4 -prefix frame',
  ],
  positionals,
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
            TE.flatMap((names) => TE.tryCatch(() => play(detector, names, values, context), failureOf)),
          ),
        ),
      ),
      TE.flatMap((frames) =>
        frames > 0
          ? TE.right(context.tell(`${frames} frames`))
          : TE.left(
              refused(`${values.source ?? 'camera'}: no frame came of it`, 'give a film or a folder with pictures'),
            ),
      ),
    ),
});
