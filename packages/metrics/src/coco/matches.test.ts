import { describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import type { CocoDetection, CocoInstances, Id } from '../index.ts';
import { cocoMatches } from '../index.ts';

interface Record {
  readonly image_id: Id;
  readonly category_id: number;
  readonly aRng: readonly [number, number];
  readonly dtIds: readonly number[];
  readonly gtIds: readonly number[];
  readonly dtMatches: readonly (readonly number[])[];
  readonly gtMatches: readonly (readonly number[])[];
  readonly gtIgnore: readonly number[];
  readonly dtIgnore: readonly (readonly number[])[];
}
type Expected = { readonly metrics: { readonly [M in 'iou' | 'giou']: { readonly evalImgs: readonly Record[] } } };

const orZero = (rows: readonly (readonly (number | undefined)[])[]) => rows.map((row) => row.map((id) => id ?? 0));
const flags = (row: readonly boolean[]) => row.map(Number);

const fixtures = [
  '02_crowd',
  '04_empty_cases',
  '05_area_boundaries',
  '08_degenerate',
  '09_gt_id_zero',
  '11_exact_thresholds',
];

describe.skipIf(!shared)('cocoMatches in compat gives the records of pycocotools', () => {
  for (const fixture of fixtures) {
    for (const overlap of ['iou', 'giou'] as const) {
      it(`${fixture} by ${overlap}`, () => {
        const at = (file: string) => goldenPath('coco', fixture, file);
        const golden = readJson<Expected>(at('expected.json')).metrics[overlap].evalImgs;
        const ours = cocoMatches(readJson<CocoInstances>(at('gt.json')), readJson<CocoDetection[]>(at('dt.json')), {
          overlap,
          compat: true,
        });
        const keyOf = (image: Id, category: number, low: number, high: number) => [image, category, low, high].join();
        const byKey = new Map(ours.map((row) => [keyOf(row.image, row.category, row.area.low, row.area.high), row]));
        expect(golden.length).toBeGreaterThan(0);
        for (const row of golden) {
          const match = byKey.get(keyOf(row.image_id, row.category_id, ...row.aRng));
          expect(
            match && {
              dtIds: match.detections,
              gtIds: match.objects,
              gtIgnore: flags(match.objectIgnored),
              dtMatches: orZero(match.detectionMatches),
              gtMatches: orZero(match.objectMatches),
              dtIgnore: match.detectionIgnored.map(flags),
            },
          ).toEqual({
            dtIds: row.dtIds,
            gtIds: row.gtIds,
            gtIgnore: row.gtIgnore,
            dtMatches: row.dtMatches,
            gtMatches: row.gtMatches,
            dtIgnore: row.dtIgnore,
          });
        }
      });
    }
  }
});
