/** Options that several commands have. */
import { flag, optional, withDefault } from './option.ts';
import { number, oneOf, whole } from './value.ts';

export const json = flag('print JSON on stdout and nothing else there');

export const metric = withDefault(oneOf('iou', 'giou', 'both'), 'iou', {
  placeholder: 'iou|giou|both',
  doc: 'the overlap that decides whether a detection is right',
});
/** The flag of the original's voc_reval.py. */
export const giouMetric = flag("the same as --metric giou, as in the original's scripts");

export const metricsOf = (values: {
  readonly metric: 'iou' | 'giou' | 'both';
  readonly giouMetric: boolean;
}): readonly ('iou' | 'giou')[] =>
  values.metric === 'both' ? ['iou', 'giou'] : [values.giouMetric ? 'giou' : values.metric];

/** One metric's result as it is, two by name (DESIGN 13). */
export const byMetric = <A>(metrics: readonly ('iou' | 'giou')[], results: readonly A[]): unknown =>
  results.length === 1 ? results[0] : Object.fromEntries(metrics.map((name, i) => [name, results[i]]));

export const hier = optional(number(), {
  placeholder: 'h',
  doc: 'accepted and without effect, as in the original for [yolo] layers',
});
export const gpuIndex = optional(whole({ min: 0 }), {
  placeholder: 'n',
  doc: "the original's GPU index; without effect on the devices here",
  spellings: ['-i'],
});
export const noGpu = flag("accepted from the original's command line", ['-nogpu']);

export const nmsKind = optional(oneOf('iou', 'giou', 'diou'), {
  placeholder: 'iou|giou|diou',
  doc: "what boxes are compared by when one of them goes; without it as the cfg's nms_kind says, by iou where there is none",
});
