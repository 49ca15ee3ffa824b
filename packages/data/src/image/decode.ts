/**
 * Files to 8-bit RGB, the way OpenCV's `imread(..., IMREAD_COLOR)` sees them (SPEC-AUGMENT 7): EXIF orientation
 * applied, colour profiles ignored, alpha dropped, 16 bits cut to their upper byte, a damaged JPEG kept as far as it
 * goes and any other damaged file refused. JPEG, PNG, WebP, GIF, TIFF and AVIF are decoded by sharp (libvips and
 * libjpeg-turbo: accurate integer DCT, triangle chroma upsampling), BMP and PNM by the readers beside this file.
 */
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import sharp from 'sharp';
import type { DataFault } from '../fault.ts';
import { reasonOf } from '../fault.ts';
import { readWhole } from '../file.ts';
import { decodeBmp } from './bmp.ts';
import { cmykToRgb } from './cmyk.ts';
import { sniffFormat } from './header.ts';
import type { Image } from './image.ts';
import { decodePnm } from './pnm.ts';
import { Refused, refuseOther, refuseSize } from './refusal.ts';

export type DecodeOptions = {
  /** `exif` (the default, as OpenCV >= 3.1) turns the picture upright; `none` leaves it as stored (as stb). */
  readonly orientation?: 'exif' | 'none';
  /** A picture that claims more pixels is refused before anything is allocated. Default 100 million. */
  readonly maxPixels?: number;
  /** `as-opencv` (the default) keeps what a damaged JPEG still shows; `refuse` takes whole files only. */
  readonly damaged?: 'as-opencv' | 'refuse';
};

export const defaultMaxPixels = 100_000_000;

/** A picture of 100 million pixels takes some seconds. */
const mostSeconds = 60;

const decodeWithSharp = async (bytes: Uint8Array, format: string, options: Required<DecodeOptions>): Promise<Image> => {
  const lenient = options.damaged === 'as-opencv' && format === 'jpeg';
  const input = sharp(bytes, {
    failOn: lenient ? 'none' : 'error',
    ignoreIcc: true,
    limitInputPixels: options.maxPixels,
    sequentialRead: true,
  });
  const { width, height, space, format: found } = await input.metadata();
  refuseOther(format, found);
  refuseSize(width, height, options.maxPixels);
  input.timeout({ seconds: mostSeconds });
  const upright = options.orientation === 'exif' ? input.autoOrient() : input;
  const cmyk = space === 'cmyk';
  const prepared = cmyk
    ? upright.pipelineColourspace('cmyk').toColourspace('cmyk')
    : upright.removeAlpha().toColourspace('srgb');
  const { data, info } = await prepared.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const pixels = cmyk ? cmykToRgb(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, data: pixels };
};

type Decoder = (bytes: Uint8Array, options: Required<DecodeOptions>) => Image | Promise<Image>;

const decoders: Readonly<Record<string, Decoder>> = {
  bmp: (bytes, options) => decodeBmp(bytes, options.maxPixels),
  pnm: (bytes, options) => decodePnm(bytes, options.maxPixels),
  ...Object.fromEntries(
    ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'].map((format): [string, Decoder] => [
      format,
      (bytes, options) => decodeWithSharp(bytes, format, options),
    ]),
  ),
};

const decode = async (bytes: Uint8Array, options: DecodeOptions): Promise<Image> => {
  if (bytes.length === 0) throw new Refused('is empty');
  const format = sniffFormat(bytes);
  const decoder = format === undefined ? undefined : decoders[format];
  if (decoder === undefined) {
    throw new Refused('is not a picture in a known format', 'use JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP or PNM');
  }
  const { orientation = 'exif', maxPixels = defaultMaxPixels, damaged = 'as-opencv' } = options;
  return decoder(bytes, { orientation, maxPixels, damaged });
};

export const faultOf =
  (file: string) =>
  (thrown: unknown): DataFault => ({
    tag: 'image',
    file,
    reason: thrown instanceof Refused ? thrown.message : `cannot be decoded (${reasonOf(thrown)})`,
    advice: thrown instanceof Refused ? thrown.advice : 'replace the file or take it out of the list',
  });

/** Decodes a picture held in memory; `name` stands for the file in a fault. */
export const decodeBytes = (
  bytes: Uint8Array,
  options: DecodeOptions = {},
  name = '(bytes)',
): TE.TaskEither<DataFault, Image> => TE.tryCatch(() => decode(bytes, options), faultOf(name));

/** Reads and decodes a file: 8-bit RGB, or the reason why not. It never throws and never rejects. */
export const decodeImage = (path: string, options: DecodeOptions = {}): TE.TaskEither<DataFault, Image> =>
  pipe(
    readWhole(path),
    TE.flatMap((bytes) => decodeBytes(bytes, options, path)),
  );
