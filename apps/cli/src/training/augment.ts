/** What the keys of `[net]` (and jitter of the last [yolo] layer) ask of the loader. */
import type { AugmentOptions } from '@gdarknet/data';
import type { NetworkPlan } from '@gdarknet/yolo';

export const augmentOf = (net: NetworkPlan['net'], jitter: number): AugmentOptions => {
  const { hue, saturation, exposure, flip } = net;
  const { mosaic, mixup, cutmix, angle, aspect, shear, perspective, blur, grayscale, cutout } = net;
  return {
    jitter,
    hue,
    saturation,
    exposure,
    flip,
    modern: { mosaic, mixup, cutmix, angle, aspect, shear, perspective, blur, grayscale, cutout },
  };
};
