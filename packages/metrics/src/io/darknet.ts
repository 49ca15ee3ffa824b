/** Darknet's label files on disk. */
import type { DarknetLabel } from '../formats/darknet.ts';
import { formatDarknetLabels, parseDarknetLabels } from '../formats/darknet.ts';
import type { Read } from './files.ts';
import { readText, writeText } from './files.ts';

export const readDarknetLabels = async (path: string): Read<readonly DarknetLabel[]> => {
  const text = await readText(path);
  return text._tag === 'Left' ? text : parseDarknetLabels(text.right, path);
};

export const writeDarknetLabels = (path: string, labels: readonly DarknetLabel[]): Read<void> =>
  writeText(path, formatDarknetLabels(labels));
