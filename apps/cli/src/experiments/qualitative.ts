/**
 * Losses side by side on single pictures (the original's qualitative_analysis.py and its second version): for each object the
 * detection that covers it best by GIoU, whatever its class, with both overlaps.
 */
import { drawBoxes, type Image, type Label, tile } from '@gdarknet/data';
import type { Detection } from '@gdarknet/yolo';
import { drawDashed } from './dashes.ts';

type Box = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

export type Covered = {
  readonly truth: Label;
  /** Undefined where nothing was detected at all. */
  readonly best: (Box & { readonly class: number; readonly score: number }) | undefined;
  readonly iou: number;
  readonly giou: number;
};

const side = (centre: number, size: number, other: number, otherSize: number) => {
  const [low, high] = [
    Math.max(centre - size / 2, other - otherSize / 2),
    Math.min(centre + size / 2, other + otherSize / 2),
  ];
  const [outerLow, outerHigh] = [
    Math.min(centre - size / 2, other - otherSize / 2),
    Math.max(centre + size / 2, other + otherSize / 2),
  ];
  return { inner: Math.max(0, high - low), outer: outerHigh - outerLow };
};

/** IoU and GIoU of two boxes; 0 and -1 where they have no area, or no bounds. */
export const overlaps = (a: Box, b: Box): { readonly iou: number; readonly giou: number } => {
  const [across, down] = [side(a.x, a.w, b.x, b.w), side(a.y, a.h, b.y, b.h)];
  const inner = across.inner * down.inner;
  const union = a.w * a.h + b.w * b.h - inner;
  const hull = across.outer * down.outer;
  if (!(union > 0 && hull > 0 && Number.isFinite(hull))) return { iou: 0, giou: -1 };
  const iou = inner / union;
  return { iou, giou: iou - (hull - union) / hull };
};

/** Boxes in pixels, so that shapes count as they are seen. */
const scaled = ({ x, y, w, h }: Box, { width, height }: Image): Box => ({
  x: x * width,
  y: y * height,
  w: w * width,
  h: h * height,
});

export const coveredBy = (labels: readonly Label[], found: readonly Detection[], image: Image): readonly Covered[] =>
  labels.map((truth) =>
    found.reduce<Covered>(
      (best, { class: id, score, box: [x, y, w, h] }) => {
        const box = { x, y, w, h };
        const values = overlaps(scaled(box, image), scaled(truth, image));
        return best.best && best.giou >= values.giou ? best : { truth, best: { ...box, class: id, score }, ...values };
      },
      { truth, best: undefined, iou: 0, giou: -1 },
    ),
  );

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** `(1 + mean GIoU) * 100`, as the original names its files. */
export const scoreOf = (covered: readonly Covered[]): number =>
  Math.round(100 * (1 + mean(covered.map(({ giou }) => giou))));

const truthColour = [40, 220, 60] as const;
const foundColour = [255, 60, 200] as const;

const panel = (image: Image, title: string, covered: readonly Covered[], names: readonly string[]): Image => {
  const truths = covered.map(({ truth: { x, y, w, h, classId } }) => ({
    x,
    y,
    w,
    h,
    colour: truthColour,
    label: names[classId],
  }));
  const drawn = covered.reduce(
    (made, { best, iou, giou }) =>
      best ? drawDashed(made, best, foundColour, `${names[best.class]} ${iou.toFixed(2)} ${giou.toFixed(2)}`) : made,
    drawBoxes(image, truths),
  );
  const heading = `${title}: IoU ${mean(covered.map(({ iou }) => iou)).toFixed(2)} GIoU ${mean(covered.map(({ giou }) => giou)).toFixed(2)}`;
  return drawBoxes(drawn, [{ x: 0, y: 0, w: 0, h: 0, colour: [255, 255, 255], label: heading }]);
};

export type Judged = { readonly name: string; readonly covered: readonly Covered[] };

/** One panel for each network, side by side. */
export const sheet = (image: Image, judged: readonly Judged[], names: readonly string[]): Image =>
  tile(
    judged.map(({ name, covered }) => panel(image, name, covered, names)),
    { columns: judged.length, gap: 4 },
  );

/** Lines of scores.csv: image, object, then of each network class, IoU and GIoU of its best box. */
export const scoreLines = (id: string, judged: readonly Judged[]): string =>
  judged[0].covered
    .map(({ truth }, i) => {
      const each = judged.flatMap(({ covered }) => {
        const { best, iou, giou } = covered[i];
        return [best?.class ?? -1, iou.toFixed(4), giou.toFixed(4)];
      });
      return `${[id, i, truth.classId, ...each].join(',')}\n`;
    })
    .join('');

export const scoreHeader = (judged: readonly { readonly name: string }[]): string =>
  `${['image', 'object', 'class', ...judged.flatMap(({ name }) => [`${name} class`, `${name} iou`, `${name} giou`])].join(',')}\n`;
