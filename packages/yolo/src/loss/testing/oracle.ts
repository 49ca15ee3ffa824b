/**
 * The `[yolo]` layer's training pass written as the original runs it: one image, one box, one truth after another, in
 * doubles, from SPEC 5.3 to 5.6 alone. Shares no code with the graph.
 */
import type { HeadConfig, LossOptions } from '../head.ts';

export type Truth = readonly [x: number, y: number, w: number, h: number, kind: number];

type Rect = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

const measures = (p: Rect, q: Rect) => {
  const [pl, pr, pt, pb] = [p.x - p.w / 2, p.x + p.w / 2, p.y - p.h / 2, p.y + p.h / 2];
  const [ql, qr, qt, qb] = [q.x - q.w / 2, q.x + q.w / 2, q.y - q.h / 2, q.y + q.h / 2];
  const [iw, ih] = [Math.min(pr, qr) - Math.max(pl, ql), Math.min(pb, qb) - Math.max(pt, qt)];
  const [cw, ch] = [Math.max(pr, qr) - Math.min(pl, ql), Math.max(pb, qb) - Math.min(pt, qt)];
  return { pl, pr, pt, pb, ql, qr, qt, qb, iw, ih, cw, ch };
};

const overlap = (p: Rect, q: Rect): { readonly iou: number; readonly giou: number } => {
  const { iw, ih, cw, ch } = measures(p, q);
  const common = iw < 0 || ih < 0 ? 0 : iw * ih;
  const union = p.w * p.h + q.w * q.h - common;
  const iou = common === 0 || union === 0 ? 0 : common / union;
  return { iou, giou: cw * ch === 0 ? iou : iou - (cw * ch - union) / (cw * ch) };
};

/** d overlap / d (top, bottom, left, right); sizes are positive here. */
const ascent = (p: Rect, q: Rect, giou: boolean, unclamped: boolean): readonly number[] => {
  const m = measures(p, q);
  const apart = m.iw <= 0 || m.ih <= 0;
  const [iw, ih] = apart && !unclamped ? [0, 0] : [m.iw, m.ih];
  const common = iw * ih;
  const union = p.w * p.h + q.w * q.h - common;
  const enclosing = m.cw * m.ch;
  const dX = [-p.w, p.w, -p.h, p.h];
  const dI = [m.pt > m.qt ? -iw : 0, m.pb < m.qb ? iw : 0, m.pl > m.ql ? -ih : 0, m.pr < m.qr ? ih : 0];
  const dC = [m.pt < m.qt ? -m.cw : 0, m.pb > m.qb ? m.cw : 0, m.pl < m.ql ? -m.ch : 0, m.pr > m.qr ? m.ch : 0];
  return dX.map((dx, k) => {
    const dU = dx - dI[k];
    const first = union > 0 ? (union * dI[k] - common * dU) / union ** 2 : 0;
    return first + (giou && enclosing > 0 ? (enclosing * dU - union * dC[k]) / enclosing ** 2 : 0);
  });
};

export type OracleResult = {
  readonly delta: Float64Array;
  readonly cost: number;
  readonly count: number;
  readonly iou: number;
  readonly classProbability: number;
  readonly classPart: number;
  readonly boxPart: number;
};

/** `raw` is `[n, h, w, boxes * (5 + classes)]`; losses mse, iou and giou. */
export const originalLayer = (
  head: HeadConfig,
  raw: ArrayLike<number>,
  truths: readonly (readonly Truth[])[],
  { gradient = 'darknet', compat = {} }: LossOptions,
): OracleResult => {
  const { width, height, mask, anchors, netWidth, netHeight, clsNormalizer, scaleXY = 1 } = head;
  const entries = 5 + head.classes;
  const lin = head.representation === 'lin';
  const at = (image: number, row: number, col: number, box: number): number =>
    (((image * height + row) * width + col) * mask.length + box) * entries;
  const output = Float64Array.from(raw, (x, i) => {
    const entry = i % entries;
    if (entry === 2 || entry === 3) return x;
    return entry < 2 ? logistic(x) * scaleXY - (scaleXY - 1) / 2 : logistic(x);
  });
  const delta = new Float64Array(output.length);

  const decode = (image: number, row: number, col: number, box: number): Rect => {
    const i = at(image, row, col, box);
    const [aw, ah] = anchors[mask[box]];
    for (const k of [i + 2, i + 3]) if (lin && output[k] <= 0) output[k] = Math.exp(output[k]);
    const [w, h] = lin ? [output[i + 2], output[i + 3]] : [Math.exp(output[i + 2]), Math.exp(output[i + 3])];
    return {
      x: (col + output[i]) / width,
      y: (row + output[i + 1]) / height,
      w: (w * aw) / netWidth,
      h: (h * ah) / netHeight,
    };
  };

  const classDelta = (i: number, kind: number): void => {
    const [p, d] = [output.subarray(i + 5, i + entries), delta.subarray(i + 5, i + entries)];
    if (d[0] !== 0) d[kind] = 1 - p[kind];
    else for (let k = 0; k < p.length; k++) d[k] = (k === kind ? 1 : 0) - p[k];
  };

  const boxDelta = (image: number, row: number, col: number, box: number, [x, y, w, h]: Truth) => {
    const i = at(image, row, col, box);
    const p = decode(image, row, col, box);
    const q = { x, y, w, h };
    const [aw, ah] = anchors[mask[box]];
    if (head.loss === 'mse') {
      const size = (s: number): number => (lin && !compat.linLogTarget ? s : Math.log(s));
      const wanted = [x * width - col, y * height - row, size((w * netWidth) / aw), size((h * netHeight) / ah)];
      wanted.forEach((t, k) => {
        delta[i + k] = (2 - w * h) * (t - output[i + k]);
      });
    } else {
      const [dt, db, dl, dr] = ascent(p, q, head.loss === 'giou', gradient === 'darknet-published');
      const [sw, sh] = lin ? [1, 1] : [Math.exp(output[i + 2]), Math.exp(output[i + 3])];
      [dl + dr, dt + db, ((dr - dl) / 2) * sw, ((db - dt) / 2) * sh].forEach((d, k) => {
        delta[i + k] = head.iouNormalizer * d;
      });
    }
    return overlap(p, q);
  };

  const total = { count: 0, iou: 0, classProbability: 0, loss: 0 };
  truths.forEach((list, image) => {
    for (let row = 0; row < height; row++) {
      for (let col = 0; col < width; col++) {
        for (let box = 0; box < mask.length; box++) {
          const i = at(image, row, col, box);
          const p = decode(image, row, col, box);
          let [best, which] = [0, 0];
          list.forEach(([x, y, w, h], t) => {
            const { iou } = overlap(p, { x, y, w, h });
            if (iou > best) [best, which] = [iou, t];
          });
          delta[i + 4] = best > head.ignoreThresh ? 0 : -clsNormalizer * output[i + 4];
          if (best > head.truthThresh) {
            delta[i + 4] = clsNormalizer * (1 - output[i + 4]);
            classDelta(i, list[which][4]);
            boxDelta(image, row, col, box, list[which]);
          }
        }
      }
    }
    for (const truth of list) {
      const [x, y, w, h, kind] = truth;
      let [most, anchor] = [0, 0];
      anchors.forEach(([aw, ah], k) => {
        const { iou } = overlap({ x: 0, y: 0, w: aw / netWidth, h: ah / netHeight }, { x: 0, y: 0, w, h });
        if (iou > most) [most, anchor] = [iou, k];
      });
      const box = mask.indexOf(anchor);
      if (box < 0) continue;
      const [col, row] = [Math.trunc(x * width), Math.trunc(y * height)];
      const i = at(image, row, col, box);
      const { iou, giou } = boxDelta(image, row, col, box, truth);
      delta[i + 4] = clsNormalizer * (1 - output[i + 4]);
      classDelta(i, kind);
      total.count++;
      total.iou += iou;
      total.classProbability += output[i + 5 + kind];
      total.loss += 1 - (head.loss === 'giou' ? giou : iou);
    }
  });

  const squares = (chosen: (entry: number) => boolean): number =>
    delta.reduce((sum, d, i) => (chosen(i % entries) ? sum + d * d : sum), 0);
  const count = Math.max(total.count, 1);
  const classPart = clsNormalizer * squares((entry) => entry > 3);
  const boxPart = head.loss === 'mse' ? 0 : (head.iouNormalizer * total.loss) / count;
  return {
    delta,
    cost: head.loss === 'mse' ? squares(() => true) : boxPart + classPart,
    count: total.count,
    iou: total.iou / count,
    classProbability: total.classProbability / count,
    classPart,
    boxPart,
  };
};
