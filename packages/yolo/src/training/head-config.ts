/** What the loss of a [yolo] layer is told, from its keys in the cfg and the size that the network has at the moment. */
import type { LayerConfig } from '../darknet/config.ts';
import type { NetworkPlan } from '../darknet/plan.ts';
import type { HeadConfig } from '../loss/head.ts';

/**
 * `index` is the layer's. `width` and `height` are those of the network's input; the head's own come from the plan, which is
 * of that size.
 */
export const headConfig = (plan: NetworkPlan, index: number, width: number, height: number): HeadConfig => {
  const { config, output } = plan.layers[index];
  const yolo = config as LayerConfig<'yolo'>;
  return {
    classes: yolo.classes,
    anchors: Array.from({ length: yolo.num }, (_, i) => [yolo.anchors[2 * i], yolo.anchors[2 * i + 1]] as const),
    mask: yolo.mask,
    ignoreThresh: yolo.ignore_thresh,
    truthThresh: yolo.truth_thresh,
    loss: yolo.iou_loss,
    representation: yolo.representation,
    iouNormalizer: yolo.iou_normalizer,
    clsNormalizer: yolo.cls_normalizer,
    scaleXY: yolo.scale_x_y,
    netWidth: width,
    netHeight: height,
    width: output.w,
    height: output.h,
  };
};
