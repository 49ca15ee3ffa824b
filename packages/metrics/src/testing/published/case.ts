/**
 * A published test of a peer, by its name there: what it holds its own program to, held to by ours on inputs that are stated
 * here or read from the peer's own checkout (none of its files lies in this repository), or why ours is not.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, sharedPath } from '../../../../../test/shared.ts';
import type { CocoDetection, CocoInstances } from '../../index.ts';

/** Folders of checkouts, by the names of their repositories. */
const checkouts = process.env.GDARKNET_PEERS;

export interface PublishedCase {
  readonly test: string;
  /** Throws where ours differs. */
  readonly check?: () => void;
  /** A file that the check reads: of the peer's checkout, or of the shared folder. */
  readonly file?: string;
  /** Why there is no check: what ours lacks, or what of the peer's is a defect by its own words. */
  readonly lacks?: string;
}

export const peerFile = (...parts: string[]): string => join(checkouts ?? '/nonexistent', ...parts);
export const sharedFile = (...parts: string[]): string => sharedPath('data', 'eval-fixtures', ...parts);
/** The files of a case are at hand. */
export const atHand = ({ file }: PublishedCase): boolean => file === undefined || existsSync(file);
export const json = <T>(path: string): T => readJson<T>(path);

export type Box = readonly [number, number, number, number];
/** Category and box, and what else a row has; image 1 unless told. */
export type Row = readonly [category: number, bbox: Box, more?: object];

export interface SmallSet {
  readonly truth: CocoInstances;
  readonly found: readonly CocoDetection[];
}

/** A set of one image (or more, by `image_id` in a row) and the categories that its rows name. */
export const smallSet = (objects: readonly Row[], detections: readonly Row[], more: object = {}): SmallSet => {
  const annotations = objects.map(([category_id, bbox, rest], i) => ({
    id: i + 1,
    image_id: 1,
    category_id,
    bbox,
    area: bbox[2] * bbox[3],
    iscrowd: 0,
    ...rest,
  }));
  const found = detections.map(([category_id, bbox, rest]) => ({
    image_id: 1,
    category_id,
    bbox,
    score: 0.9,
    ...rest,
  }));
  const ids = [...new Set([...annotations, ...found].map((row) => row.category_id))].sort((a, b) => a - b);
  const images = [...new Set([1, ...[...annotations, ...found].map((row) => row.image_id)])];
  const truth = {
    images: images.map((id) => ({ id, width: 640, height: 640 })),
    categories: ids.map((id) => ({ id, name: `class ${id}` })),
    annotations,
    ...more,
  };
  return { truth, found };
};
