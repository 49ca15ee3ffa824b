/** What is wrong with a set, or looks wrong: `gdarknet data check`. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import type { DataFault } from '../fault.ts';
import { decodeImage } from '../image/decode.ts';
import type { Image } from '../image/image.ts';
import { type ImageSize, readImageSize } from '../image/size.ts';
import type { SetEntry } from '../sets/darknet.ts';
import type { ReadSet } from '../sets/read.ts';
import { mapTogether } from '../sets/together.ts';
import { type AnchorFit, type BoxSize, fitOf } from './anchors.ts';
import { type Likeness, likenessOf } from './likeness.ts';
import { groupsOf, pairsWithin } from './neighbours.ts';
import { type SetStatistics, sizesAt, statisticsOf } from './statistics.ts';

export type SurveyParts = { readonly train: ReadSet; readonly valid?: ReadSet };

export type SurveyOptions = {
  /** Decode every picture, not only its header. */
  readonly decode?: boolean;
  /** Look for pictures whose hashes (`likenessOf`) differ in so many of 64 bits at most; decodes. Not done unless told. */
  readonly alike?: number;
  /** The network's anchors in pixels of its input. */
  readonly anchors?: readonly BoxSize[];
  /** The network's input; 416 x 416 unless told. */
  readonly width?: number;
  readonly height?: number;
  /** So many pictures have been looked at. */
  readonly onProgress?: (done: number) => void;
};

export type Repeated = {
  readonly path: string;
  /** How often the very same box of the same class stands there, less one. */
  readonly boxes: number;
};

/** Pictures that show the same in other bytes, by part. */
export type Alike = {
  readonly train: readonly string[];
  readonly valid: readonly string[];
  /** The most bits by which two that were joined differ. */
  readonly distance: number;
};

export type Survey = {
  readonly names: readonly string[];
  readonly parts: { readonly train: SetStatistics; readonly valid?: SetStatistics };
  /** Files that are missing or broken, lines and boxes that cannot be used, sizes that are not the picture's. */
  readonly faults: readonly DataFault[];
  /** Classes without a box in the training part. */
  readonly unused: readonly string[];
  /** Pictures on which a box stands twice. */
  readonly repeated: readonly Repeated[];
  /** Groups of pictures of one part with the same bytes. */
  readonly duplicates: readonly (readonly string[])[];
  /** Groups of pictures with the same bytes that lie in both parts. */
  readonly leaks: readonly { readonly train: readonly string[]; readonly valid: readonly string[] }[];
  /** Groups of pictures that look alike, copies byte for byte left aside; with some of each part, leaks too. */
  readonly alike?: readonly Alike[];
  readonly anchors?: AnchorFit & { readonly anchors: readonly BoxSize[] };
  readonly sizes: readonly BoxSize[];
};

const hashOf = async (path: string): Promise<string | undefined> => {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch {
    // It cannot be read, which the look at its size reports.
    return undefined;
  }
};

type Look = {
  readonly faults: readonly DataFault[];
  readonly hash: string | undefined;
  readonly likeness?: Likeness | undefined;
};

const lookAt = async ({ path, width, height }: SetEntry, decode: boolean): Promise<Look> => {
  const read: TE.TaskEither<DataFault, ImageSize | Image> = decode ? decodeImage(path) : readImageSize(path);
  const [size, hash] = [await read(), await hashOf(path)];
  if (E.isLeft(size)) return { faults: [size.left], hash };
  const likeness = 'data' in size.right ? likenessOf(size.right) : undefined;
  if (size.right.width === width && size.right.height === height) return { faults: [], hash, likeness };
  const found = `${size.right.width} x ${size.right.height} pixels`;
  const expected = `${width} x ${height}, as its annotation says`;
  return {
    faults: [{ tag: 'key', file: path, key: 'size', found, expected, advice: 'its boxes may lie elsewhere' }],
    hash,
    likeness,
  };
};

const repeatedOn = ({ path, labels }: SetEntry): Repeated => ({
  path,
  boxes: labels.length - new Set(labels.map((label) => JSON.stringify(label))).size,
});

const groupBy = (paths: readonly string[], hashes: ReadonlyMap<string, string>): ReadonlyMap<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const path of new Set(paths)) {
    const hash = hashes.get(path);
    if (hash === undefined) continue;
    const group = groups.get(hash);
    if (group) group.push(path);
    else groups.set(hash, [path]);
  }
  return groups;
};

const alikeGroups = (
  looks: readonly Look[],
  groups: Readonly<Record<'train' | 'valid', ReadonlyMap<string, readonly string[]>>>,
  distance: number,
): readonly Alike[] => {
  // Copies byte for byte are told apart from these: one stands for all.
  const different = [...new Map(looks.map((look) => [look.hash, look])).values()];
  const hashed = different.flatMap(({ hash, likeness }) => (hash && likeness ? [{ hash, likeness }] : []));
  const pairs = pairsWithin(
    hashed.map(({ likeness }) => likeness),
    distance,
  );
  return groupsOf(hashed.length, pairs).map(({ members, distance }) => {
    const pathsIn = (part: 'train' | 'valid'): readonly string[] =>
      members.flatMap((i) => groups[part].get(hashed[i].hash) ?? []);
    return { train: pathsIn('train'), valid: pathsIn('valid'), distance };
  });
};

/** Looks at every picture of the set. Nothing that is found ends it; what could not be read is in `faults`. */
export const surveySet = async (parts: SurveyParts, options: SurveyOptions = {}): Promise<Survey> => {
  const { train, valid } = parts;
  const { width = 416, height = 416, anchors, alike, decode = alike !== undefined, onProgress } = options;
  const all = [...train.entries, ...(valid?.entries ?? [])];
  const different = [...new Map(all.map((entry) => [entry.path, entry])).values()];
  let done = 0;
  const looks = await mapTogether(different, async (entry) => {
    const look = await lookAt(entry, decode);
    onProgress?.(++done);
    return look;
  });
  const hashes = new Map(
    looks.flatMap(({ hash }, i) => (hash === undefined ? [] : [[different[i].path, hash] as const])),
  );
  const groups = {
    train: groupBy(
      train.entries.map(({ path }) => path),
      hashes,
    ),
    valid: groupBy(valid?.entries.map(({ path }) => path) ?? [], hashes),
  };
  const statistics = statisticsOf(train.entries, train.names);
  const sizes = sizesAt(train.entries, width, height);
  return {
    names: train.names,
    parts: { train: statistics, ...(valid && { valid: statisticsOf(valid.entries, valid.names) }) },
    faults: [...new Set([...train.faults, ...(valid?.faults ?? [])]), ...looks.flatMap(({ faults }) => faults)],
    unused: statistics.classes.filter(({ boxes }) => boxes === 0).map(({ name }) => name),
    repeated: different.map(repeatedOn).filter(({ boxes }) => boxes > 0),
    duplicates: [...groups.train.values(), ...groups.valid.values()].filter((group) => group.length > 1),
    leaks: [...groups.train].flatMap(([hash, paths]) => {
      const others = groups.valid.get(hash);
      return others ? [{ train: paths, valid: others }] : [];
    }),
    ...(alike !== undefined && {
      alike: alikeGroups(looks, groups, alike),
    }),
    ...(anchors && { anchors: { anchors, ...fitOf(sizes, anchors) } }),
    sizes,
  };
};
