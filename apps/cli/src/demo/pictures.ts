/** Validation pictures with true boxes (white) and predicted ones (in their class's colour). */
import { join } from 'node:path';
import { classColour, type DrawnBox, drawBoxes, encodePng, type Image, shapesSample, tile } from '@gdarknet/data';
import { listDetections } from '@gdarknet/yolo';
import type { Found } from '../detection/detect-all.ts';
import type { Output } from '../outputs/write-set.ts';
import { type DemoPlan, names } from './plan.ts';

/** Boxes that the network is not sure of would hide the others. */
const threshold = 0.4;
/** Generated pictures are small. */
const enlargement = 3;

const enlarged = ({ width, height, data }: Image, factor: number): Image => {
  const out = new Uint8Array(width * factor * height * factor * 3);
  for (let y = 0; y < height * factor; y++) {
    for (let x = 0; x < width * factor; x++) {
      const from = (Math.trunc(y / factor) * width + Math.trunc(x / factor)) * 3;
      out.set(data.subarray(from, from + 3), (y * width * factor + x) * 3);
    }
  }
  return { width: width * factor, height: height * factor, data: out };
};

const white = [255, 255, 255] as const;

const drawn = (plan: DemoPlan, { picture, candidates }: Found): Image => {
  const { image, boxes } = shapesSample(plan.seed + 1, picture.index, plan.size);
  const truths = boxes.map(({ x, y, w, h }): DrawnBox => ({ x, y, w, h, colour: white }));
  const found = listDetections(candidates, threshold).map(
    ({ class: id, score, box: [x, y, w, h] }): DrawnBox => ({
      x,
      y,
      w,
      h,
      score,
      label: names[id],
      colour: classColour(id, names.length),
    }),
  );
  return drawBoxes(enlarged(image, enlargement), [...truths, ...found.reverse()], { lineWidth: 2, textScale: 1 });
};

/** One sheet of all pictures. */
export const sheet = async (
  plan: DemoPlan,
  folder: string,
  loss: string,
  found: readonly Found[],
): Promise<readonly Output[]> =>
  found.length === 0
    ? []
    : [
        {
          path: join(folder, `validation-${loss}.png`),
          content: await encodePng(tile(found.map((one) => drawn(plan, one)))),
        },
      ];
