/** The anchors of a cfg, and the same cfg with others. */
import type { BoxSize } from '@gdarknet/data';
import type { LayerConfig, NetworkPlan } from '@gdarknet/yolo';

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
