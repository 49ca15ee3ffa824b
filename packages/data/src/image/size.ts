/** The size of a picture as `decodeImage` will give it, from its header alone where the format allows. */
import { open } from 'node:fs/promises';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import sharp from 'sharp';
import { type DataFault, reasonOf } from '../fault.ts';
import { decodeImage, defaultMaxPixels, faultOf } from './decode.ts';
import { sniffFormat } from './header.ts';
import { Refused, refuseOther, refuseSize } from './refusal.ts';

export type ImageSize = { readonly width: number; readonly height: number };

/** Enough for every signature. */
const headBytes = 16;

const headOf = async (path: string): Promise<Uint8Array> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const sizeWithSharp = async (path: string, format: string): Promise<ImageSize> => {
  const { autoOrient, format: found } = await sharp(path, { failOn: 'none' }).metadata();
  refuseOther(format, found);
  refuseSize(autoOrient.width, autoOrient.height, defaultMaxPixels);
  return { width: autoOrient.width, height: autoOrient.height };
};

/** Width and height in pixels, upright. Pixels behind a sound header are not looked at. */
export const readImageSize = (path: string): TE.TaskEither<DataFault, ImageSize> =>
  pipe(
    TE.tryCatch(
      () => headOf(path),
      (thrown): DataFault => ({ tag: 'unreadable', file: path, reason: reasonOf(thrown) }),
    ),
    TE.flatMap((head): TE.TaskEither<DataFault, ImageSize> => {
      const format = sniffFormat(head);
      if (format === undefined) return TE.left(faultOf(path)(new Refused('is not a picture in a known format')));
      return format === 'bmp' || format === 'pnm'
        ? pipe(
            decodeImage(path),
            TE.map(({ width, height }) => ({ width, height })),
          )
        : TE.tryCatch(() => sizeWithSharp(path, format), faultOf(path));
    }),
  );
