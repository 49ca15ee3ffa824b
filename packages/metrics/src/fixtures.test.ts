/** The small goldens that travel with the repository: a clone tests itself against pycocotools and voc_eval. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseVocDetections } from './formats/index.ts';
import type { CocoInstances, VocAnnotation, VocRule } from './index.ts';
import { evaluateCoco, evaluateVoc } from './index.ts';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')) as T;

interface CocoFixture {
  readonly name: string;
  readonly truth: CocoInstances;
  /** image, category, x, y, width, height, score */
  readonly found: readonly (readonly [number, number, number, number, number, number, number])[];
  readonly metrics: Readonly<Record<'iou' | 'giou', { readonly stats: readonly number[]; readonly precision: string }>>;
}

interface VocFixture {
  readonly name: string;
  readonly classes: readonly string[];
  readonly annotations: readonly VocAnnotation[];
  readonly detections: Readonly<Record<string, string>>;
  readonly runs: readonly {
    readonly metric: 'iou' | 'giou';
    readonly rule: VocRule;
    readonly mAP: readonly (number | 'NaN')[];
  }[];
}

describe('pycocotools', () => {
  for (const { name, truth, found, metrics } of read<CocoFixture[]>('coco.json')) {
    for (const overlap of ['iou', 'giou'] as const) {
      it(`${name} by ${overlap}`, () => {
        const detections = found.map(([image_id, category_id, x, y, w, h, score]) => ({
          image_id,
          category_id,
          bbox: [x, y, w, h],
          score,
        }));
        const ours = evaluateCoco(truth, detections, { overlap, compat: true });
        const digest = createHash('sha256').update(new Uint8Array(ours.precision.buffer)).digest('hex');
        expect(digest).toBe(metrics[overlap].precision);
        metrics[overlap].stats.forEach((value, i) => {
          expect(Math.abs(ours.stats[i] - value)).toBeLessThan(1e-12);
        });
      });
    }
  }
});

describe('voc_eval', () => {
  for (const { name, classes, annotations, detections, runs } of read<VocFixture[]>('voc.json')) {
    const rows = classes.flatMap((className) => {
      const parsed = parseVocDetections(detections[className], className, className);
      return parsed._tag === 'Right' ? parsed.right : [];
    });
    it.each(runs)(`${name} by $metric, rule $rule`, ({ metric, rule, mAP }) => {
      const ours = evaluateVoc(annotations, rows, { overlap: metric, rule, classes, compat: true });
      mAP.forEach((value, t) => {
        const figure = ours.perThreshold[t].mAP;
        if (value === 'NaN') expect(figure).toBeNaN();
        else expect(Math.abs(figure - value)).toBeLessThan(1e-12);
      });
    });
  }
});
