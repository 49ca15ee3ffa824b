import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenPath, readF64, readJson, shared } from '../../../../test/shared.ts';
import type { CocoDetection, CocoInstances } from '../index.ts';
import { cocoSummary, evaluateCoco } from '../index.ts';

interface Expected {
  readonly metrics: Record<
    'iou' | 'giou',
    {
      readonly stats: number[];
      readonly perCategory: Record<string, number>[];
      readonly AP_by_iouThr: number[];
      readonly slices: { t: number; k: number; a: number; m: number; precision: number[]; score: number[] }[];
      readonly recall_TKAM: unknown;
      readonly summary_text: string[];
    }
  >;
}

const fixtures = [
  '01_random',
  '02_crowd',
  '04_empty_cases',
  '05_area_boundaries',
  '06_area_given_noseg',
  '06b_area_absent',
  '07_large',
  '08_degenerate',
  '09_gt_id_zero',
  '10_unknown_image_and_category',
  '11_exact_thresholds',
  '12_real_val2014_100',
  '13_real_val2017_mini',
] as const;

const load = (fixture: string) => {
  const packed = fixture === '07_large' ? '.gz' : '';
  const at = (file: string) => join(goldenPath('coco', fixture), file);
  return {
    truth: readJson<CocoInstances>(at(`gt.json${packed}`)),
    found: readJson<CocoDetection[]>(at(`dt.json${packed}`)),
    expected: readJson<Expected>(at('expected.json')),
    precision: (metric: string) => readF64(at(`precision_${metric}.f64.gz`)),
  };
};

const worst = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe.skipIf(!shared)('evaluateCoco in compat is pycocotools', () => {
  for (const fixture of fixtures) {
    for (const overlap of ['iou', 'giou'] as const) {
      it(`${fixture} by ${overlap}`, () => {
        const { truth, found, expected, precision } = load(fixture);
        const golden = expected.metrics[overlap];
        const ours = evaluateCoco(truth, found, { overlap, compat: true });
        expect(Buffer.from(ours.precision.buffer).equals(Buffer.from(precision(overlap).buffer))).toBe(true);
        expect(Array.from(ours.recall)).toEqual((golden.recall_TKAM as number[][]).flat(3));
        const [R, K, A, M] = [101, truth.categories.length, 4, 3];
        for (const { t, k, a, m, score } of golden.slices) {
          const at = (r: number) => (((t * R + r) * K + k) * A + a) * M + m;
          expect(Array.from({ length: R }, (_, r) => ours.scores[at(r)])).toEqual(score);
        }
        expect(worst(ours.stats, golden.stats)).toBeLessThan(1e-12);
        expect(
          worst(
            ours.perThreshold.map((row) => row.AP),
            golden.AP_by_iouThr,
          ),
        ).toBeLessThan(1e-12);
        golden.perCategory.forEach(({ category_id, ...figures }, k) => {
          const row = ours.perCategory[k] as unknown as Record<string, number>;
          expect(row.id).toBe(category_id);
          for (const [name, value] of Object.entries(figures)) expect(row[name], name).toBeCloseTo(value, 12);
        });
        expect(cocoSummary(ours.stats).split('\n')).toEqual(golden.summary_text);
      });
    }
  }
});
