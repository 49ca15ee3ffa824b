/** The anchors of a cfg, and the same cfg with others. */
import type { BoxSize } from '@gdarknet/data';
import { type LayerConfig, type NetworkPlan, parseNetwork } from '@gdarknet/yolo';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Context } from '../context.ts';
import type { Failure } from '../failure.ts';
import { checked, textOf } from './files.ts';

export const planOf = (cfg: string, context: Context): TE.TaskEither<Failure, NetworkPlan> =>
  pipe(
    textOf(cfg),
    TE.flatMapEither((text) => checked(context)(parseNetwork(text, { file: cfg }))),
  );

/** Of the last [yolo] layer, in pixels of the input; all heads share one list. */
export const anchorsIn = ({ heads, layers }: NetworkPlan): readonly BoxSize[] => {
  if (heads.length === 0) return [];
  const { anchors } = layers[heads[heads.length - 1]].config as LayerConfig<'yolo'>;
  return Array.from({ length: anchors.length / 2 }, (_, i): BoxSize => [anchors[2 * i], anchors[2 * i + 1]]);
};

/** As a cfg has them: `10,14,  23,27,  ...`, whole pixels. */
export const anchorText = (anchors: readonly BoxSize[]): string =>
  anchors.map((size) => size.map((side) => Math.max(1, Math.round(side))).join(',')).join(',  ');

const anchorLine = /^([ \t]*anchors[ \t]*=[ \t]*)[^#;\r\n]*/gm;

/** Every `anchors=` of a cfg replaced; the rest stays to the byte. */
export const withAnchors = (cfg: string, anchors: readonly BoxSize[]): string =>
  cfg.replace(anchorLine, (_, key: string) => `${key}${anchorText(anchors)}`);
