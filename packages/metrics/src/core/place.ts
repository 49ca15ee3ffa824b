/** Which of the evaluated curves is meant: a threshold by its value, an area range by its name. */
import { checkOptions, limitRule, OptionError, rule } from '../check/options.ts';
import { listed, shown } from '../check/words.ts';
import type { Tally } from './tally.ts';

export interface CurvePlace {
  /** An IoU that was evaluated, such as 0.75. */
  readonly threshold: number;
  /** Name of an area range that was evaluated; `all` unless told. */
  readonly area?: string | undefined;
  /** Detections an image at most; all that were looked at unless told. */
  readonly limit?: number | undefined;
}

/** What a curve is taken from: a result of `evaluateCoco` or `evaluateVoc`. */
export interface Tallied {
  readonly tally: Tally;
  readonly params: { readonly thresholds: readonly number[]; readonly areas?: readonly { readonly name: string }[] };
}

const rules = /* @__PURE__ */ (() => ({
  threshold: rule((value) => typeof value === 'number', 'an IoU that was evaluated, such as 0.5'),
  area: rule((value) => typeof value === 'string', "an area range's name"),
  limit: limitRule,
}))();

/** Places in the lists of thresholds and areas. */
export interface Place {
  readonly t: number;
  readonly area: number;
  readonly limit: number;
}

/** 0.9 is meant where numpy's linspace has 0.8999999999999999. */
const near = 1e-9;

/** @throws OptionError naming what was evaluated. */
export const placeOf = ({ params }: Tallied, place: CurvePlace): Place => {
  checkOptions(place, rules, { iou: 'threshold', iouThr: 'threshold', areaRng: 'area', maxDets: 'limit' });
  const { threshold, area, limit } = place ?? {};
  const t = params.thresholds.findIndex((value) => Math.abs(value - threshold) < near);
  if (t < 0) {
    const evaluated = listed(params.thresholds.map((value) => String(+value.toFixed(9))));
    const what = threshold === undefined ? 'give the IoU' : `IoU ${shown(threshold)} was not evaluated`;
    throw new OptionError('threshold', `threshold: ${what}; the thresholds are ${evaluated}.`);
  }
  const names = params.areas?.map(({ name }) => name) ?? ['all'];
  const a = names.indexOf(area ?? 'all');
  if (a < 0) throw new OptionError('area', `area: ${shown(area)} was not evaluated; the areas are ${listed(names)}.`);
  return { t, area: a, limit: limit ?? Number.POSITIVE_INFINITY };
};

/** The category's objects to find and detections, or an error naming those that were evaluated. */
export const refuseUnevaluated = (category: unknown, known: readonly (string | number)[] | undefined): void => {
  if (known === undefined || known.includes(category as string | number)) return;
  const some = known.length > 20 ? `${known.slice(0, 20).join(', ')} ...` : listed(known);
  throw new OptionError('category', `category: ${shown(category)} was not evaluated; the categories are ${some}.`);
};
