/** One evaluation a slice of the images: by the weather, the camera, whatever the images say of themselves. */
import { OptionError } from '../check/options.ts';
import { shown } from '../check/words.ts';
import { evaluateCoco } from '../coco/evaluate.ts';
import type { CocoDetection, CocoImage, CocoInstances } from '../coco/input.ts';
import type { CocoOptions } from '../coco/params.ts';
import type { CocoResult } from '../coco/result.ts';
import type { Id } from '../core/tally.ts';

export interface CocoSlice {
  readonly name: string;
  readonly images: number;
  readonly result: CocoResult;
}

/**
 * @param by the name of a key of the images, or a function of an image; images for which it gives `undefined` are in no
 * slice. Slices come by name.
 * @throws CocoInputError, OptionError; the latter when no image is in a slice.
 */
export const evaluateSlices = (
  groundTruth: CocoInstances,
  detections: readonly CocoDetection[],
  by: string | ((image: CocoImage) => string | undefined),
  options: Omit<CocoOptions, 'imgIds'> = {},
): readonly CocoSlice[] => {
  if (typeof by !== 'string' && typeof by !== 'function') {
    throw new OptionError('by', `by: found ${shown(by)}, expected a key of the images or a function of an image.`);
  }
  const images = Array.isArray(groundTruth?.images) ? (groundTruth.images as readonly CocoImage[]) : [];
  const slices = new Map<string, Id[]>();
  for (const image of images) {
    const value: unknown = typeof by === 'string' ? (image as unknown as Record<string, unknown>)[by] : by(image);
    if (value === undefined || value === null) continue;
    const name = String(value);
    const slice = slices.get(name);
    if (slice === undefined) slices.set(name, [image.id]);
    else slice.push(image.id);
  }
  // Checks the input, also where no image is in a slice.
  if (slices.size === 0) {
    evaluateCoco(groundTruth, detections, options);
    throw new OptionError('by', `by: no image has ${typeof by === 'string' ? shown(by) : 'a slice'}.`);
  }
  return [...slices]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, imgIds]) => ({
      name,
      images: imgIds.length,
      result: evaluateCoco(groundTruth, detections, { ...options, imgIds }),
    }));
};
