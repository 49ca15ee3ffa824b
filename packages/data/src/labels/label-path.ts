/**
 * Where the labels of a picture lie. The original replaces the first `images`, `JPEGImages` and `raw` anywhere in the
 * path and the first `.jpg` and the like (SPEC 7.1), so a folder high up or a name such as `strawberry.jpg` loses its
 * labels. Its path comes first here; where nothing lies there, two safer readings of the same rule are tried.
 */
import { existsSync } from 'node:fs';

const folders = ['images', 'JPEGImages', 'raw'];
const extensions = ['.jpg', '.png', '.JPG', '.JPEG'];

const withTextExtension = (path: string): string => path.replace(/\.[^./\\]*$/, '.txt').replace(/(?<!\.txt)$/, '.txt');

/** The original's path, and for the extensions it forgets (`.jpeg`, `.webp`, `.bmp`, ...) the last one replaced. */
export const labelPathOf = (image: string): string => {
  const inLabels = folders.reduce((path, folder) => path.replace(folder, 'labels'), image);
  const replaced = extensions.reduce((path, extension) => path.replace(extension, '.txt'), inLabels);
  return replaced.endsWith('.txt') ? replaced : withTextExtension(replaced);
};

/** The last folder that is called exactly `images` (or `JPEGImages`, `raw`) becomes `labels`; only the ending changes. */
const exactFolderPath = (image: string): string => {
  const parts = image.split('/');
  const at = parts.findLastIndex((part, i) => i < parts.length - 1 && folders.includes(part));
  return withTextExtension(parts.map((part, i) => (i === at ? 'labels' : part)).join('/'));
};

/** In the order they are tried: the original's, the last exact folder, beside the picture. */
export const labelPathsOf = (image: string): readonly string[] => [
  ...new Set([labelPathOf(image), exactFolderPath(image), withTextExtension(image)]),
];

/** The first of `labelPathsOf` that exists; the original's path when none does, for the message. */
export const findLabelPath = (image: string): string => labelPathsOf(image).find(existsSync) ?? labelPathOf(image);
