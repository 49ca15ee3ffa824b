/** What result files call an image (SPEC 6.5). */
import * as E from 'fp-ts/lib/Either.js';
import type { FileFault } from '../darknet/fault.ts';

const baseName = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/** VOC: the file's name up to its first dot. */
export const vocImageId = (path: string): string => baseName(path).split('.', 1)[0];

export interface ImageIdOptions {
  /** As the original: the whole number behind the last `_` anywhere in the path, folders too, else of the name; 0 for none (SPEC D-22). */
  readonly compat?: boolean;
}

/** COCO: the number that ends the file's name, all of it or behind a `_`: `COCO_val2014_000000000139.jpg` is 139. */
export const cocoImageId = (path: string, options: ImageIdOptions = {}): E.Either<readonly FileFault[], number> => {
  if (options.compat) return E.right(compatImageId(path));
  const digits = /(?:^|_)(\d+)$/.exec(baseName(path).replace(/\.[^.]*$/, ''))?.[1];
  const id = Number(digits ?? Number.NaN);
  return Number.isSafeInteger(id)
    ? E.right(id)
    : E.left([
        {
          tag: 'image',
          file: path,
          expected: 'a file name that ends in the id of the image, such as 000000000139.jpg',
          found: baseName(path),
          action: 'rename the images after their ids or evaluate as voc',
        },
      ]);
};

const compatImageId = (path: string): number => {
  const from = path.includes('_') ? path.lastIndexOf('_') : path.lastIndexOf('/');
  return Number(/^\s*([+-]?\d+)/.exec(path.slice(from + 1))?.[1] ?? 0) | 0;
};
