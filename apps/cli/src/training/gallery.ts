/** The first validation pictures with their boxes, at each assessment: `pictures/<batch>/` in the run's folder, for the board. */
import { basename, extname, join } from 'node:path';
import { classColour, type DrawnBox, decodeImage, drawBoxes, encodeJpeg } from '@gdarknet/data';
import { listDetections } from '@gdarknet/yolo';
import * as E from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { type Failure, showFailure } from '../core/failure.ts';
import type { Assessment } from '../detection/assess.ts';
import type { Found } from '../detection/detect-all.ts';
import { type Output, writeSet } from '../outputs/write-set.ts';

/** Pictures kept of each assessment. */
export const gallerySize = 6;

/** Boxes that the network is not sure of would hide the others. */
const threshold = 0.25;
const white = [255, 255, 255] as const;

const drawn = async ({ picture, candidates }: Found, names: readonly string[], folder: string): Promise<Output[]> => {
  const image = await decodeImage(picture.path)();
  if (E.isLeft(image)) return [];
  const truths = picture.labels.map(({ x, y, w, h }): DrawnBox => ({ x, y, w, h, colour: white }));
  const found = listDetections(candidates, threshold).map(
    ({ class: id, score, box: [x, y, w, h] }): DrawnBox => ({
      x,
      y,
      w,
      h,
      score,
      label: names[id],
      colour: classColour(id, names.length),
    }),
  );
  const name = `${basename(picture.path, extname(picture.path))}.jpg`;
  // The surest last, on top of the others.
  const content = await encodeJpeg(drawBoxes(image.right, [...truths, ...found.reverse()]));
  return [{ path: join(folder, name), content }];
};

type Assess = (weights: Uint8Array) => TaskEither<Failure, Assessment | undefined>;

export type GalleryOptions = {
  /** Of the run. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly batch: () => number;
  readonly tell: (text: string) => void;
};

/** Pictures are worth no run: what goes wrong with them is told. */
export const withGallery =
  (assess: Assess, { folder, names, batch, tell }: GalleryOptions): Assess =>
  (weights) =>
  async () => {
    const done = await assess(weights)();
    if (E.isLeft(done) || done.right === undefined) return done;
    const at = join(folder, 'pictures', String(batch()));
    try {
      const outputs = (await Promise.all(done.right.kept.map((one) => drawn(one, names, at)))).flat();
      const written = await writeSet(outputs)();
      if (E.isLeft(written)) for (const line of showFailure(written.left)) tell(`note: ${line}`);
    } catch (error) {
      tell(`note: the pictures of batch ${batch()} are not drawn: ${String(error)}`);
    }
    return done;
  };
