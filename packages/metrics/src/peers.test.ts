import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shared } from '../../../test/shared.ts';
import type { ErrorBreakdown, ErrorKind } from './index.ts';
import { errorBreakdown, errorBreakdownRange, errorQualifiers, evaluateCoco } from './index.ts';
import { evaluateKeypoints } from './keypoints/index.ts';
import { evaluateSegm } from './segm/index.ts';
import type { FixtureName } from './testing/peers/cases.ts';
import { cocoExample, paramsOf, tideSeeds, tideThresholds } from './testing/peers/cases.ts';
import { boxSet, keypointSet, segmSet } from './testing/peers/sets.ts';

interface Figures {
  readonly precision: string;
  readonly recall: string;
  readonly scores: string;
  readonly stats: readonly number[];
}

const recorded = (name: FixtureName): readonly Figures[] =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')).cases;

const sha = (column: Float64Array): string =>
  createHash('sha256')
    .update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength))
    .digest('hex')
    .slice(0, 16);

interface Arrays {
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly scores: Float64Array;
  readonly stats: readonly number[];
}

const expectSame = (ours: Arrays, theirs: Figures, what: string): void => {
  ours.stats.forEach((value, i) => {
    expect(value, `${what}, number ${i}`).toBeCloseTo(theirs.stats[i], 12);
  });
  for (const column of ['precision', 'recall', 'scores'] as const) {
    expect(sha(ours[column]), `${what}, ${column}`).toBe(theirs[column]);
  }
};

describe('compat has the bits of pycocotools (recorded figures)', () => {
  it('masks: polygons, runs, crowds', () => {
    const cases = recorded('pycocotools-segm');
    expect(cases.length).toBe(200);
    cases.forEach((theirs, seed) => {
      const set = segmSet(seed);
      expectSame(evaluateSegm(set, set.detections, { compat: true }), theirs, `seed ${seed}`);
    });
  });

  it('keypoints', () => {
    const cases = recorded('pycocotools-keypoints');
    expect(cases.length).toBe(200);
    cases.forEach((theirs, seed) => {
      const set = keypointSet(seed);
      expectSame(evaluateKeypoints(set, set.detections, { compat: true }), theirs, `seed ${seed}`);
    });
  });

  it('subsets of images and categories, categories as one, other limits', () => {
    const cases = recorded('pycocotools-options');
    expect(cases.length).toBe(120);
    cases.forEach((theirs, seed) => {
      const set = boxSet(seed);
      const { useCats, ...params } = paramsOf(seed);
      const options = { ...params, useCats: useCats !== 0, compat: true };
      expectSame(evaluateCoco(set, set.detections, options), theirs, `seed ${seed}`);
    });
  });
});

type TideKind = 'Cls' | 'Loc' | 'Both' | 'Dupe' | 'Bkg' | 'Miss';
const tideNames: Readonly<Record<TideKind, ErrorKind>> = {
  Cls: 'classification',
  Loc: 'localisation',
  Both: 'both',
  Dupe: 'duplicate',
  Bkg: 'background',
  Miss: 'missed',
};
const tideKinds = Object.keys(tideNames) as readonly TideKind[];
type TideErrors = Readonly<Record<TideKind, number>>;
interface TideFigures {
  readonly AP: number;
  readonly main: TideErrors;
  readonly special: { readonly FalsePos: number; readonly FalseNeg: number };
  readonly counts: TideErrors;
  readonly qualified: Readonly<Record<keyof typeof errorQualifiers, TideErrors>>;
}

describe('compat has the figures of tidecv (recorded)', () => {
  const cases = JSON.parse(readFileSync(new URL('fixtures/tidecv.json', import.meta.url), 'utf8')).cases as (
    | TideFigures[]
    | null
  )[];
  const expectTide = (ours: ErrorBreakdown, theirs: TideFigures, what: string): void => {
    expect(100 * ours.AP, `${what}, AP`).toBeCloseTo(theirs.AP, 9);
    for (const kind of tideKinds) {
      expect(100 * ours.cost[tideNames[kind]], `${what}, ${kind}`).toBeCloseTo(theirs.main[kind], 9);
      expect(ours.count[tideNames[kind]], `${what}, number of ${kind}`).toBe(theirs.counts[kind]);
    }
    expect(100 * ours.falsePositives, `${what}, FalsePos`).toBeCloseTo(theirs.special.FalsePos, 9);
    expect(100 * ours.falseNegatives, `${what}, FalseNeg`).toBeCloseTo(theirs.special.FalseNeg, 9);
  };

  it.skipIf(!shared)("COCO's example results: AP50 64.2, Cls 22.2, Miss 8.5", () => {
    const fixture = JSON.parse(readFileSync(new URL('fixtures/tidecv-coco.json', import.meta.url), 'utf8'));
    const [theirs] = fixture.cases as readonly TideFigures[][];
    const { truth, detections } = cocoExample();
    const { each } = errorBreakdownRange(truth, detections, [0.5, 0.75], { compat: true });
    each.forEach((ours, t) => {
      expectTide(ours, theirs[t], `threshold ${ours.foreground}`);
    });
    const { AP, cost } = each[0];
    const points = [AP, cost.classification, cost.missed].map((value) => (100 * value).toFixed(1));
    expect(points).toEqual(['64.2', '22.2', '8.5']);
  });

  it('at each threshold, and their mean', () => {
    expect(cases.length).toBe(200);
    // tidecv divides by zero where no category is left.
    expect(cases.filter((theirs) => theirs === null).length).toBeLessThan(10);
    cases.forEach((theirs, i) => {
      if (theirs === null) return;
      const set = boxSet(tideSeeds[i]);
      const { each, mean } = errorBreakdownRange(set, set.detections, tideThresholds, { compat: true });
      each.forEach((ours, t) => {
        expectTide(ours, theirs[t], `seed ${tideSeeds[i]}, threshold ${ours.foreground}`);
      });
      expect(100 * mean.AP).toBeCloseTo(theirs.reduce((sum, row) => sum + row.AP, 0) / theirs.length, 9);
    });
  });

  it('by area and aspect', () => {
    cases.forEach((theirs, i) => {
      if (theirs === null) return;
      const set = boxSet(tideSeeds[i]);
      for (const name of Object.keys(errorQualifiers) as (keyof typeof errorQualifiers)[]) {
        const ours = errorBreakdown(set, set.detections, { compat: true, qualifier: errorQualifiers[name] });
        for (const kind of tideKinds) {
          const cost = 100 * ours.cost[tideNames[kind]];
          expect(cost, `seed ${tideSeeds[i]}, ${name}, ${kind}`).toBeCloseTo(theirs[0].qualified[name][kind], 9);
        }
      }
    });
  });
});
