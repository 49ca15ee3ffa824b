/** RGB pictures to PNG and JPEG files, written whole or not at all. */
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import sharp from 'sharp';
import type { DataFault } from '../fault.ts';
import { reasonOf } from '../fault.ts';
import { writeWhole } from '../file.ts';
import type { Image } from './image.ts';

const rawOf = ({ width, height, data }: Image) => sharp(data, { raw: { width, height, channels: 3 } });

/** Lossless. `compression` is zlib's 0..9; 6 unless told. */
export const encodePng = (image: Image, compression = 6): Promise<Uint8Array> =>
  rawOf(image).png({ compressionLevel: compression }).toBuffer();

/** `quality` 1..100; 80 unless told, as the original's `predictions.jpg`. */
export const encodeJpeg = (image: Image, quality = 80): Promise<Uint8Array> =>
  rawOf(image).jpeg({ quality }).toBuffer();

const write = (path: string, encode: () => Promise<Uint8Array>): TE.TaskEither<DataFault, void> =>
  pipe(
    TE.tryCatch(encode, (thrown): DataFault => ({ tag: 'unwritable', file: path, reason: reasonOf(thrown) })),
    TE.flatMap((bytes) => writeWhole(path, bytes)),
  );

export const writePng = (path: string, image: Image): TE.TaskEither<DataFault, void> =>
  write(path, () => encodePng(image));

export const writeJpeg = (path: string, image: Image, quality = 80): TE.TaskEither<DataFault, void> =>
  write(path, () => encodeJpeg(image, quality));
