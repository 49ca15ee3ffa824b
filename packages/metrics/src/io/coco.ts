/** COCO's files on disk, plain or gzip; files beyond the longest string of the engine are read in pieces. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { plainText } from '../check/words.ts';
import type { CocoDetection, CocoInstances } from '../coco/input.ts';
import {
  checkCocoInstances,
  checkCocoResults,
  formatCocoInstances,
  formatCocoResults,
  parseCocoInstances,
  parseCocoResults,
  parseJson,
} from '../formats/coco.ts';
import type { Either } from '../formats/either.ts';
import { left, right } from '../formats/either.ts';
import type { FormatFault } from '../formats/fault.ts';
import type { Read } from './files.ts';
import { reasonOf, writeText } from './files.ts';
import { jsonPieces } from './json-pieces.ts';

/** Longest document that is read as one string; engines stop at 2^29 - 24 units. */
const longest = 400e6;

type Parse<A> = (text: string, file: string) => Either<readonly FormatFault[], A>;
type Check<A> = (value: unknown, file: string) => Either<readonly FormatFault[], A>;

/** The bytes of a file, unpacked where its first two say gzip. */
async function* bytesOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const start = new Uint8Array(2);
  await handle.read(start, 0, 2, 0);
  const stream = handle.createReadStream({ autoClose: false, start: 0, highWaterMark: 2 ** 20 });
  if (start[0] !== 0x1f || start[1] !== 0x8b) yield* stream;
  else yield* stream.pipe(createGunzip({ chunkSize: 2 ** 20 }));
}

/** Some chunks that were read already, then the rest. */
async function* after(held: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* held;
  yield* rest;
}

const readJson = async <A>(
  path: string,
  parse: Parse<A>,
  check: Check<A>,
  inOneString: number,
  unread?: ReadonlySet<string>,
): Read<A> => {
  try {
    const handle = await open(path);
    try {
      const bytes = bytesOf(handle);
      const held: Uint8Array[] = [];
      let size = 0;
      for (let next = await bytes.next(); !next.done; next = await bytes.next()) {
        held.push(next.value);
        size += next.value.length;
        if (size > inOneString) return check(await jsonPieces(after(held, bytes), unread), path);
      }
      return parse(new TextDecoder().decode(Buffer.concat(held)), path);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    return left([{ tag: 'unreadable', file: path, reason: plainText(reasonOf(thrown)) }]);
  }
};

/** Ground truth: images, annotations and categories, every row looked at. */
export const readCocoInstances = (path: string, inOneString = longest): Read<CocoInstances> =>
  readJson(path, parseCocoInstances, checkCocoInstances, inOneString);

/** Detections: `[{ image_id, category_id, bbox, score }]`, every row looked at. */
export const readCocoResults = (path: string, inOneString = longest): Read<readonly CocoDetection[]> =>
  readJson(path, parseCocoResults, checkCocoResults, inOneString);

/**
 * A COCO file of any kind as it is, masks and keypoints kept, for the evaluators that look at its rows themselves
 * (`evaluateSegm`, `evaluateKeypoints`).
 */
export const readCocoDocument = (path: string, inOneString = longest): Read<unknown> =>
  readJson(path, parseJson, (value) => right(value), inOneString, new Set());

export const writeCocoInstances = (path: string, instances: CocoInstances): Read<void> =>
  writeText(path, formatCocoInstances(instances));

export const writeCocoResults = (path: string, detections: readonly CocoDetection[]): Read<void> =>
  writeText(path, formatCocoResults(detections));
