/** The scores of an evaluation, and the evaluation in parts that merge exactly: what shards write and checkpoints keep. */
import { deserialize, serialize } from 'node:v8';
import type { CocoCategory, CocoPart, CocoResult, VocPart, VocResult, VocRule } from '@gdarknet/metrics';

export const metrics = ['iou', 'giou'] as const;
export type Metric = (typeof metrics)[number];
export type ByMetric<A> = { readonly [M in Metric]: A };

export const byMetric = <A>(make: (metric: Metric) => A): ByMetric<A> => ({ iou: make('iou'), giou: make('giou') });

/** What is known of some images: counts and scores only, so that merged parts have the bits of the whole. */
export type Part = {
  readonly images: number;
  readonly coco: ByMetric<CocoPart>;
  /** Where VOC's own rules apply. */
  readonly voc: ByMetric<VocPart> | undefined;
};

export type Scores = {
  /** By COCO's rules, always: what runs are compared by. */
  readonly coco: CocoResult;
  readonly voc: VocResult | undefined;
  /** Over the thresholds, by VOC's rules where these apply. */
  readonly mean: number;
  /** At .50, .55, ... .95. */
  readonly perThreshold: readonly number[];
};

export const scoresOf = (coco: CocoResult, voc: VocResult | undefined): Scores =>
  voc
    ? { coco, voc, mean: voc.mean, perThreshold: voc.perThreshold.map(({ mAP }) => mAP) }
    : { coco, voc, mean: coco.stats[0], perThreshold: coco.perThreshold.map(({ AP }) => AP) };

/** What a part is to be finished by: enough to score it without its images and annotations. */
export type About = {
  readonly categories: readonly CocoCategory[];
  /** COCO's annotations with `ignore` count as crowds. */
  readonly ignoreKey: boolean;
  readonly voc: { readonly classes: readonly string[]; readonly rule: VocRule } | undefined;
};

const magic = 'gdarknet evaluation part 2';

type Packed = { readonly magic: string; readonly set: string; readonly about: About; readonly part: Part };
export type KeptPart = Pick<Packed, 'about' | 'part'>;

/** Bytes of a file. `set` tells apart what must not be merged: the images, the truth, the weights. */
export const packPart = ({ about, part }: KeptPart, set: string): Uint8Array =>
  serialize({ magic, set, about, part } satisfies Packed);

/** Undefined for anything else than a part of this set. */
export const unpackPart = (bytes: Uint8Array, set: string): KeptPart | undefined => {
  try {
    const found = deserialize(bytes) as Packed;
    return found.magic === magic && found.set === set ? found : undefined;
  } catch {
    return undefined;
  }
};
