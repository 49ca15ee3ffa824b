import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import type { VocAnnotation, VocDetection } from '../index.ts';
import { curveOf, evaluateVoc } from '../index.ts';

type Value = number | 'NaN';
interface Expected {
  readonly classes: string[];
  readonly thresholds: number[];
  readonly runs: {
    readonly metric: 'iou' | 'giou';
    readonly use_07_metric: boolean;
    readonly perThreshold: { readonly threshold: number; readonly ap: Value[]; readonly mAP: Value }[];
    readonly mean_mAP: Value;
    readonly curves?: {
      readonly class: string;
      readonly threshold: number;
      readonly recall: Value[];
      readonly precision: Value[];
    }[];
  }[];
}
interface Annotations {
  readonly images: { id: string; objects: { name: string; difficult: number; bbox: number[] }[] }[];
}

const load = (fixture: string) => {
  const at = (...parts: string[]) => goldenPath('voc', fixture, ...parts);
  const expected = readJson<Expected>(at('expected.json'));
  const annotations: VocAnnotation[] = readJson<Annotations>(at('annotations.json')).images.map(({ id, objects }) => ({
    image: id,
    objects: objects.map(({ name, difficult, bbox }) => ({ name, difficult: difficult === 1, box: bbox })),
  }));
  const detections = expected.classes.flatMap((name): VocDetection[] => {
    const file = at('results', `comp4_det_test_${name}.txt`);
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines
      .filter((line) => line !== '')
      .map((line) => {
        const [image, score, ...box] = line.split(' ');
        return { image: image, name, score: Number(score), box: box.map(Number) };
      });
  });
  return { expected, annotations, detections };
};

const same = (ours: number, golden: Value): void => {
  if (golden === 'NaN') expect(ours).toBeNaN();
  else expect(Math.abs(ours - golden)).toBeLessThan(1e-12);
};

describe.skipIf(!shared)('evaluateVoc in compat is the original', () => {
  for (const fixture of ['random', 'special', 'real_voc2012_mini']) {
    const { expected, annotations, detections } = shared
      ? load(fixture)
      : { expected: { runs: [], classes: [] } as never };
    for (const run of expected?.runs ?? []) {
      const rule = run.use_07_metric ? '07' : 'area';
      it(`${fixture} by ${run.metric}, rule ${rule}`, () => {
        const classes = expected.classes;
        const ours = evaluateVoc(annotations!, detections!, { overlap: run.metric, rule, classes, compat: true });
        expect(ours.params.thresholds).toEqual(expected.thresholds);
        run.perThreshold.forEach(({ ap, mAP }, t) => {
          classes.forEach((name, k) => {
            same(ours.perThreshold[t].ap[name], ap[k]);
          });
          same(ours.perThreshold[t].mAP, mAP);
        });
        same(ours.mean, run.mean_mAP);
        for (const golden of run.curves ?? []) {
          const curve = curveOf(ours, golden.class, { threshold: golden.threshold });
          expect(curve.recall).toHaveLength(golden.recall.length);
          golden.recall.forEach((value, i) => {
            same(curve.recall[i], value);
          });
          golden.precision.forEach((value, i) => {
            same(curve.precision[i], value);
          });
        }
      });
    }
  }

  it('a class without objects has AP 0 by default, whatever the rule', () => {
    const { expected, annotations, detections } = load('special');
    for (const rule of ['07', 'area'] as const) {
      const ours = evaluateVoc(annotations, detections, { rule, classes: expected.classes });
      expect(ours.withoutObjects).toEqual(['diffonly', 'nogt', 'nogt_nodet', 'empty_image']);
      expect(ours.perThreshold[0].ap.nogt).toBe(0);
      expect(ours.mean).toBeGreaterThan(0);
    }
  });
});
