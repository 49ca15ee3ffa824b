/** COCO's files on disk; files beyond the longest string of the engine are read in pieces. */
import { open } from 'node:fs/promises';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import {
  checkCocoInstances,
  checkCocoResults,
  formatCocoInstances,
  formatCocoResults,
  parseCocoInstances,
  parseCocoResults,
} from '../formats/coco.ts';
import type { Either } from '../formats/either.ts';
import { left } from '../formats/either.ts';
import type { FormatFault } from '../formats/fault.ts';
import type { Read } from './files.ts';
import { readText, reasonOf, writeText } from './files.ts';
import { jsonPieces } from './json-pieces.ts';

/** Longest file that is read as one string; engines stop at 2^29 - 24 units. */
const longest = 400e6;

type Check<A> = (value: unknown, file: string) => Either<readonly FormatFault[], A>;

const readJson = async <A>(
  path: string,
  parse: (text: string, file: string) => Either<readonly FormatFault[], A>,
  check: Check<A>,
  inOneString: number,
): Read<A> => {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      if (size > inOneString) return check(await jsonPieces(handle.createReadStream({ autoClose: false })), path);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    return left([{ tag: 'unreadable', file: path, reason: reasonOf(thrown) }]);
  }
  const text = await readText(path);
  return text._tag === 'Left' ? text : parse(text.right, path);
};

/** Ground truth: images, annotations and categories, every row looked at. */
export const readCocoInstances = (path: string, inOneString = longest): Read<CocoInstances> =>
  readJson(path, parseCocoInstances, checkCocoInstances, inOneString);

/** Detections: `[{ image_id, category_id, bbox, score }]`, every row looked at. */
export const readCocoResults = (path: string, inOneString = longest): Read<readonly CocoDetection[]> =>
  readJson(path, parseCocoResults, checkCocoResults, inOneString);

export const writeCocoInstances = (path: string, instances: CocoInstances): Read<void> =>
  writeText(path, formatCocoInstances(instances));

export const writeCocoResults = (path: string, detections: readonly CocoDetection[]): Read<void> =>
  writeText(path, formatCocoResults(detections));
