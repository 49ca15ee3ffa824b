/** What a COCO evaluation reads: the shapes of the instances file and of the results file. */
import type { Id } from '../core/tally.ts';

export interface CocoImage {
  readonly id: Id;
  readonly file_name?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface CocoCategory {
  readonly id: number;
  readonly name?: string;
  /** Of LVIS: rare, common or frequent. */
  readonly frequency?: 'r' | 'c' | 'f';
  /** Name of the category that this one is a kind of, where a hierarchy is made use of. */
  readonly supercategory?: string;
}

export interface CocoAnnotation {
  readonly id?: number;
  readonly image_id: Id;
  readonly category_id: number;
  /** x, y of the top left corner, width, height, in pixels from 0. */
  readonly bbox: readonly number[];
  /** Of the segment in COCO's own files, which is what decides small, medium, large; width * height when absent. */
  readonly area?: number;
  readonly iscrowd?: number | boolean;
  /** Of no effect in pycocotools, which overwrites it with `iscrowd`; see the option `ignoreKey`. */
  readonly ignore?: number | boolean;
}

export interface CocoInstances {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

export interface CocoDetection {
  readonly image_id: Id;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly score: number;
}

/** Thrown on input that no evaluation can be made of, where no reader has looked at it before. */
export class CocoInputError extends Error {
  override readonly name = 'CocoInputError';
  /** The list that holds the row: `images`, `annotations`, `categories`, `detections`, and its place there. */
  readonly list: string | undefined;
  readonly row: number | undefined;
  readonly key: string | undefined;
  constructor(message: string, at: { readonly list?: string; readonly row?: number; readonly key?: string } = {}) {
    super(message);
    this.list = at.list;
    this.row = at.row;
    this.key = at.key;
  }
}
