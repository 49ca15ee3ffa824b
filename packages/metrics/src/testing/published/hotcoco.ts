/** hotcoco 0.4.0 (github.com/derekallman/hotcoco, crates/hotcoco/tests/integration_test.rs): the tests of its evaluations. */
import { expect } from 'vitest';
import { evaluateLvis, evaluateOpenImages } from '../../federated/index.ts';
import type { ErrorBreakdown } from '../../index.ts';
import {
  CocoInputError,
  calibration,
  checkTruth,
  compareCoco,
  confusionMatrix,
  errorBreakdown,
  evaluateCoco,
  evaluateSlices,
  fScores,
  OptionError,
  plainResult,
} from '../../index.ts';
import type { Box, PublishedCase, Row } from './case.ts';
import { json, peerFile, smallSet } from './case.ts';

const fixture = (name: string) => peerFile('hotcoco', 'crates', 'hotcoco', 'tests', 'fixtures', name);
const cat: Box = [0, 0, 50, 50];
const dog: Box = [60, 0, 50, 50];
const both = [
  { id: 1, name: 'cat' },
  { id: 2, name: 'dog' },
];

const confusion = (
  objects: readonly Row[],
  found: readonly Row[],
  options: object = {},
  categories = both,
): number[][] => {
  const set = smallSet(objects, found, { categories });
  const { labels, counts } = confusionMatrix(set.truth, set.found, { score: 0, ...options });
  return labels.map((_, i) => Array.from(counts.subarray(i * labels.length, (i + 1) * labels.length)));
};
const one = [{ id: 1, name: 'cat' }];
const tide = (objects: readonly Row[], found: readonly Row[], categories = both): ErrorBreakdown => {
  const set = smallSet(objects, found, { categories });
  return errorBreakdown(set.truth, set.found);
};
const perfect = smallSet([[1, [10, 10, 50, 50]]], [[1, [10, 10, 50, 50], { score: 1 }]]);
const fixtureSet = () => ({ truth: json(fixture('gt.json')), found: json(fixture('dt.json')) }) as typeof perfect;

const lvis = (image: object[], objects: readonly Row[], found: readonly Row[]) => {
  const images = image.map((labels, i) => ({
    id: i + 1,
    neg_category_ids: [],
    not_exhaustive_category_ids: [],
    ...labels,
  }));
  const set = smallSet(objects, found, { images, categories: [{ id: 1, name: 'a', frequency: 'r' }] });
  return evaluateLvis(set.truth, set.found).stats[0];
};
const kinds = [
  { id: 1, name: 'poodle', supercategory: 'dog' },
  { id: 2, name: 'dog', supercategory: 'animal' },
  { id: 3, name: 'animal' },
];
const openImages = (
  objects: readonly Row[],
  found: readonly Row[],
  categories: object[] = [{ id: 1, name: 'person' }],
) => {
  const set = smallSet(objects, found, { categories });
  return evaluateOpenImages(set.truth, set.found);
};

const evaluations: readonly PublishedCase[] = [
  {
    test: 'test_bbox_evaluation_runs',
    file: fixture('gt.json'),
    check: () => {
      const { truth, found } = fixtureSet();
      const { precision, perCategory } = evaluateCoco(truth, found);
      expect(precision).toHaveLength(10 * 101 * 2 * 4 * 3);
      expect(perCategory[0].AP50).toBeGreaterThan(0);
    },
  },
  {
    test: 'test_area_ignored_gt_does_not_absorb_multiple_detections',
    check: () => {
      const objects: Row[] = [
        [1, [10, 10, 20, 20]],
        [1, [50, 50, 100, 100]],
      ];
      const found: Row[] = [
        [1, [10, 10, 20, 20], { score: 0.9 }],
        [1, [10, 10, 25, 20], { score: 0.8 }],
        [1, [50, 50, 100, 100], { score: 0.7 }],
      ];
      const set = smallSet(objects, found);
      const areas = [{ name: 'all', low: 500, high: 1e10 }];
      const { stats } = evaluateCoco(set.truth, set.found, { areas });
      expect(stats[1]).toBeCloseTo(0.5, 2);
    },
  },
  {
    test: 'test_edge_cases',
    file: fixture('edge_gt.json'),
    check: () => {
      const { stats } = evaluateCoco(json(fixture('edge_gt.json')), json(fixture('edge_dt.json')));
      const theirs = [0.712871, 0.712871, 0.712871, 0.663366, 1, 1, 0.428571, 0.714286, 0.714286, 0.666667, 1, 1];
      theirs.forEach((value, i) => {
        expect(stats[i]).toBeCloseTo(value, 5);
      });
    },
  },
  {
    test: 'test_crowd_rematching',
    check: () => {
      const boxes: Box[] = [
        [10, 10, 50, 50],
        [12, 12, 48, 48],
        [15, 15, 45, 45],
      ];
      const set = smallSet(
        [[1, [10, 10, 50, 50], { iscrowd: 1 }]],
        boxes.map((bbox, i) => [1, bbox, { score: 0.9 - i / 10 }] as const),
      );
      const { recall, precision } = evaluateCoco(set.truth, set.found);
      expect(Math.max(...recall, ...precision)).toBe(-1);
    },
  },
  {
    test: 'test_zero_based_ids',
    file: fixture('zero_gt.json'),
    check: () => {
      const { stats } = evaluateCoco(json(fixture('zero_gt.json')), json(fixture('zero_dt.json')));
      for (const i of [0, 1, 8]) expect(stats[i]).toBeCloseTo(1, 6);
    },
  },
  { test: 'test_evaluate_sparse_matches_dense', lacks: 'nothing: it compares two ways of its own' },
  {
    test: 'test_lvis_neg_category_counts_as_fp',
    check: () => expect(lvis([{ neg_category_ids: [1] }], [], [[1, cat]])).toBeLessThanOrEqual(0),
  },
  {
    test: 'test_lvis_unlisted_category_not_penalized',
    check: () =>
      expect(
        lvis(
          [{}, {}],
          [[1, cat]],
          [
            [1, cat],
            [1, cat, { image_id: 2, score: 0.8 }],
          ],
        ),
      ).toBeCloseTo(1, 6),
  },
  {
    test: 'test_lvis_not_exhaustive_unmatched_ignored',
    check: () =>
      expect(
        lvis(
          [{ not_exhaustive_category_ids: [1] }],
          [[1, cat]],
          [
            [1, cat],
            [1, [200, 200, 10, 10], { score: 0.5 }],
          ],
        ),
      ).toBeCloseTo(1, 6),
  },
  {
    test: 'test_oid_group_of_multi_match',
    check: () => {
      const group: Row = [1, [0, 0, 200, 200], { is_group_of: true }];
      const found: Row[] = [
        [1, [300, 300, 100, 100]],
        [1, [10, 10, 80, 80], { score: 0.8 }],
        [1, [50, 50, 80, 80], { score: 0.7 }],
      ];
      expect(openImages([[1, [300, 300, 100, 100]], group], found).stats[0]).toBeGreaterThan(0.99);
    },
  },
  {
    test: 'test_oid_group_of_no_fn_penalty',
    check: () => {
      const group: Row = [1, [400, 400, 100, 100], { is_group_of: true }];
      expect(openImages([[1, [0, 0, 100, 100]], group], [[1, [0, 0, 100, 100]]]).stats[0]).toBeGreaterThan(0.99);
    },
  },
  {
    test: 'test_oid_hierarchy_evaluation',
    check: () => {
      const { perCategory } = openImages([[1, cat]], [[2, cat]], kinds);
      expect(perCategory.find(({ name }) => name === 'dog')!.AP).toBeCloseTo(1, 6);
    },
  },
  { test: 'test_oid_dt_expansion', lacks: 'detections that count for the categories above theirs' },
  {
    test: 'test_oid_auto_derive_hierarchy',
    check: () => expect(openImages([[2, cat]], [[3, cat]], kinds).stats[0]).toBeGreaterThan(0),
  },
  ...['test_obb_eval_basic', 'test_obb_eval_no_overlap'].map((test) => ({
    test,
    lacks: 'oriented boxes, which are refused by name',
  })),
  {
    test: 'test_empty_max_dets_panics',
    check: () => expect(() => evaluateCoco(perfect.truth, perfect.found, { maxDets: [] })).toThrow(OptionError),
  },
];

const analyses: readonly PublishedCase[] = [
  {
    test: 'test_confusion_matrix_perfect',
    check: () =>
      expect(
        confusion(
          [
            [1, cat],
            [2, dog],
          ],
          [
            [1, cat],
            [2, dog],
          ],
        ),
      ).toEqual([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
      ]),
  },
  {
    test: 'test_confusion_matrix_class_confusion',
    check: () =>
      expect(confusion([[1, cat]], [[2, cat]])).toEqual([
        [0, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]),
  },
  {
    test: 'test_confusion_matrix_fp_background',
    check: () =>
      expect(confusion([], [[1, cat]], {}, one)).toEqual([
        [0, 0],
        [1, 0],
      ]),
  },
  {
    test: 'test_confusion_matrix_fn_missed',
    check: () =>
      expect(confusion([[1, cat]], [], {}, one)).toEqual([
        [0, 1],
        [0, 0],
      ]),
  },
  {
    test: 'test_confusion_matrix_iou_threshold',
    check: () => {
      const rows = [[[1, [0, 0, 100, 100]]], [[1, [50, 0, 50, 100]]]] as const;
      expect(confusion(...rows, { threshold: 0.5 }, one)).toEqual([
        [1, 0],
        [0, 0],
      ]);
      expect(confusion(...rows, { threshold: 0.9 }, one)).toEqual([
        [0, 1],
        [1, 0],
      ]);
    },
  },
  {
    test: 'test_confusion_matrix_min_score',
    check: () => {
      const rows = [[[1, cat]], [[1, cat, { score: 0.3 }]]] as const;
      expect(confusion(...rows, {}, one)).toEqual([
        [1, 0],
        [0, 0],
      ]);
      expect(confusion(...rows, { score: 0.5 }, one)).toEqual([
        [0, 1],
        [0, 0],
      ]);
    },
  },
  {
    test: 'test_confusion_matrix_max_det',
    check: () => {
      const rows = [
        [
          [1, cat],
          [2, dog],
        ],
        [
          [1, cat],
          [2, dog, { score: 0.5 }],
        ],
      ] as const;
      expect(confusion(...rows, { maxDets: 2 })).toEqual([
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
      ]);
      expect(confusion(...rows, { maxDets: 1 })).toEqual([
        [1, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
      ]);
    },
  },
  {
    test: 'test_tide_all_correct',
    check: () => {
      const { AP, cost, count } = tide([[1, cat]], [[1, cat]], one);
      expect(AP).toBeGreaterThan(0.99);
      for (const value of [...Object.values(cost), ...Object.values(count)]) expect(value).toBeCloseTo(0, 6);
    },
  },
  {
    test: 'test_tide_cls_error',
    check: () => {
      const { count, cost } = tide(
        [
          [1, cat],
          [2, dog],
        ],
        [[2, cat]],
      );
      expect(count).toMatchObject({ classification: 1, localisation: 0, background: 0 });
      expect(cost.classification).toBeGreaterThan(0);
    },
  },
  {
    test: 'test_tide_loc_error',
    check: () => {
      const { count, cost } = tide([[1, cat]], [[1, [25, 0, 50, 50]]], one);
      expect(count).toMatchObject({ localisation: 1, classification: 0, background: 0 });
      expect(cost.localisation).toBeGreaterThan(0);
    },
  },
  {
    test: 'test_tide_both_error',
    check: () =>
      expect(tide([[1, cat]], [[2, [25, 0, 50, 50]]]).count).toMatchObject({
        both: 1,
        classification: 0,
        localisation: 0,
      }),
  },
  {
    test: 'test_tide_dupe_error',
    check: () =>
      expect(
        tide(
          [[1, cat]],
          [
            [1, cat],
            [1, cat, { score: 0.7 }],
          ],
          one,
        ).count,
      ).toMatchObject({ duplicate: 1, background: 0 }),
  },
  {
    test: 'test_tide_bkg_error',
    check: () =>
      expect(tide([[1, [0, 0, 10, 10]]], [[1, [90, 90, 10, 10]]], one).count).toMatchObject({
        background: 1,
        localisation: 0,
      }),
  },
  {
    test: 'test_tide_miss_error',
    lacks: 'nothing: mending what a class without any detection misses gains 0, as in tidecv, whose figures are met',
  },
  {
    test: 'test_tide_priority_loc_over_cls',
    check: () => {
      const objects: Row[] = [
        [1, cat],
        [1, [0, 0, 30, 30], { image_id: 2 }],
        [2, cat, { image_id: 2 }],
      ];
      const found: Row[] = [
        [1, cat, { score: 0.95 }],
        [1, cat, { image_id: 2 }],
      ];
      expect(tide(objects, found).count).toMatchObject({ localisation: 1, classification: 0 });
    },
  },
  {
    test: 'test_tide_priority_loc_over_both',
    check: () =>
      expect(
        tide(
          [
            [1, cat],
            [2, dog],
          ],
          [[1, [25, 0, 50, 50]]],
        ).count,
      ).toMatchObject({ localisation: 1, both: 0 }),
  },
  {
    test: 'test_tide_delta_ap_fp_ge_individuals',
    lacks:
      'nothing: a class whose only detections were wrong has AP 0 without them, as in tidecv, whose figures are met',
  },
  {
    test: 'test_tide_empty_category',
    check: () => {
      const { count, cost } = tide([[1, cat]], [], one);
      expect(count).toMatchObject({ missed: 1, background: 0 });
      expect(Object.values(cost).every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
    },
  },
  { test: 'test_f_scores_empty_before_accumulate', lacks: 'nothing: there is no result before it is there' },
  {
    test: 'test_f_scores_keys_and_range',
    file: fixture('gt.json'),
    check: () => {
      const { truth, found } = fixtureSet();
      const rows = fScores(evaluateCoco(truth, found), { threshold: 0.5, beta: 0.5 });
      for (const { f } of rows) expect(f >= 0 && f <= 1).toBe(true);
    },
  },
  {
    test: 'test_f_scores_perfect_detection',
    check: () => expect(fScores(evaluateCoco(perfect.truth, perfect.found), { threshold: 0.5 })[0].f).toBeCloseTo(1, 9),
  },
  {
    test: 'test_results_returns_metrics',
    check: () => {
      const { named, perCategory, params } = plainResult(evaluateCoco(perfect.truth, perfect.found));
      expect(Object.keys(named)).toHaveLength(12);
      expect([perCategory.length, params.thresholds.length, params.maxDets]).toEqual([1, 10, [1, 10, 100]]);
    },
  },
  { test: 'test_results_errors_before_summarize', lacks: 'nothing: there is no result before it is there' },
  {
    test: 'test_results_save_roundtrip',
    check: () => {
      const plain = plainResult(evaluateCoco(perfect.truth, perfect.found));
      expect(JSON.parse(JSON.stringify(plain))).toEqual(JSON.parse(JSON.stringify(plain)));
      expect(JSON.parse(JSON.stringify(plain)).named.AP).toBeCloseTo(1, 9);
    },
  },
  { test: 'test_healthcheck_structural_errors', lacks: 'nothing: rows that break a rule are refused, not listed' },
  { test: 'test_healthcheck_clean_dataset', check: () => expect(checkTruth(perfect.truth)).toEqual([]) },
  {
    test: 'test_healthcheck_quality_warnings',
    check: () => {
      const { truth } = smallSet(
        [
          [1, cat],
          [1, cat],
          [1, [600, 600, 90, 90]],
          [1, [5, 5, 1, 9]],
        ],
        [],
      );
      expect(checkTruth(truth).map(({ tag }) => tag)).toEqual(['duplicate', 'tiny', 'outside']);
    },
  },
  { test: 'test_healthcheck_summary', lacks: 'counts of classes and their imbalance' },
  {
    test: 'test_healthcheck_compatibility',
    check: () => {
      const { truth } = smallSet([[1, cat]], []);
      const { notes } = evaluateCoco(truth, [
        { image_id: 99, category_id: 1, bbox: cat, score: 0.5 },
        { image_id: 1, category_id: 9, bbox: cat, score: 0.5 },
      ]);
      expect(notes.map(({ tag }) => tag)).toEqual(['unknown-image', 'unknown-category']);
    },
  },
  {
    test: 'test_slice_by_full_dataset_matches_normal_eval',
    check: () => {
      const [slice] = evaluateSlices(perfect.truth, perfect.found, () => 'all');
      expect(slice.result.stats).toEqual(evaluateCoco(perfect.truth, perfect.found).stats);
    },
  },
  {
    test: 'test_slice_by_disjoint_halves',
    check: () => {
      const { truth, found } = smallSet(
        [
          [1, cat],
          [1, cat, { image_id: 2 }],
        ],
        [[1, cat]],
      );
      const slices = evaluateSlices(truth, found, ({ id }) => `half ${id}`);
      expect(slices.map(({ images, result }) => [images, Math.round(result.stats[0])])).toEqual([
        [1, 1],
        [1, 0],
      ]);
    },
  },
  { test: 'test_slice_by_reserved_name_rejected', lacks: 'nothing: no name of a slice is reserved' },
  { test: 'test_slice_by_requires_evaluate', lacks: 'nothing: slices are evaluated from the rows' },
  {
    test: 'test_calibration_basic',
    check: () =>
      expect(calibration(evaluateCoco(perfect.truth, perfect.found), { threshold: 0.5 }).bins).toHaveLength(10),
  },
  { test: 'test_calibration_requires_evaluate', lacks: 'nothing: there is no result before it is there' },
  {
    test: 'test_calibration_invalid_iou_threshold',
    check: () =>
      expect(() => calibration(evaluateCoco(perfect.truth, perfect.found), { threshold: 0.123 })).toThrow(OptionError),
  },
  {
    test: 'test_calibration_known_values',
    check: () => {
      const right: Box[] = [
        [10, 10, 30, 30],
        [60, 60, 30, 30],
      ];
      const wrong: Box[] = [
        [0, 0, 5, 5],
        [90, 90, 5, 5],
      ];
      const found: Row[] = [
        ...right.map((bbox) => [1, bbox, { score: 0.9 }] as const),
        ...wrong.map((bbox) => [1, bbox, { score: 0.2 }] as const),
      ];
      const set = smallSet(
        right.map((bbox) => [1, bbox] as const),
        found,
      );
      const { bins, expected, largest } = calibration(evaluateCoco(set.truth, set.found), { threshold: 0.5 });
      expect([bins[2].count, bins[2].precision, bins[9].count, bins[9].precision]).toEqual([2, 0, 2, 1]);
      expect(expected).toBeCloseTo(0.15, 9);
      expect(largest).toBeCloseTo(0.2, 9);
    },
  },
  {
    test: 'test_compare_bootstrap_ci_contains_point_estimate',
    check: () => {
      const images = Array.from({ length: 20 }, (_, i) => ({ image_id: i + 1 }));
      const set = smallSet(
        images.map((more) => [1, cat, more] as const),
        images.map((more) => [1, cat, more] as const),
      );
      const { AP } = compareCoco(set.truth, set.found.slice(0, 10), set.found, { samples: 100 });
      expect(AP.low <= AP.difference && AP.difference <= AP.high).toBe(true);
      expect(AP.difference).toBeGreaterThan(0.3);
    },
  },
  { test: 'test_compare_bootstrap_coverage', lacks: 'a test of how often the interval holds' },
  {
    test: 'test_load_res, on an unknown row',
    check: () => expect(() => evaluateCoco(perfect.truth, [{ image_id: 1 } as never])).toThrow(CocoInputError),
  },
];

export const hotcoco = { bbox: evaluations, analyses } as const;
