/** Published figures: cocoapi's val2014 example, Padilla's cases, and real output of Darknet (data/eval-fixtures). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson, shared, sharedPath } from '../../../test/shared.ts';
import type { CocoDetection, CocoInstances, VocAnnotation, VocDetection } from './index.ts';
import { evaluateCoco, evaluateVoc } from './index.ts';
import { readVocAnnotations, readVocDetections } from './io/index.ts';

const home = (...parts: string[]) => sharedPath('data', 'eval-fixtures', ...parts);
const present = shared !== undefined && existsSync(home());
const figures = (text: string): readonly number[] => text.split(' ').map(Number);
const filesIn = (...parts: string[]): readonly string[] =>
  readdirSync(home(...parts)).filter((f) => /\.(json|txt)$/.test(f));

/** Agreement to the last digit given; `cut` where the source cut its figures instead of rounding them. */
const digitsAgree = (
  ours: readonly number[],
  published: readonly number[],
  digits: number,
  form: 'rounded' | 'cut' = 'rounded',
): void => {
  const most = (form === 'cut' ? 1 : 0.5) * 10 ** -digits;
  published.forEach((value, i) => {
    expect(Math.abs(ours[i] - value), `number ${i + 1}`).toBeLessThanOrEqual(most + 1e-12);
  });
};

describe.skipIf(!present)('published figures', () => {
  it('cocoapi: 100 images of val2014', () => {
    const dir = 'cocoapi-val2014-100';
    const truth = readJson<CocoInstances>(home(dir, 'instances_val2014_100.json'));
    const found = readJson<CocoDetection[]>(home(dir, 'instances_val2014_fakebbox100_results.json'));
    const published = '0.5046 0.6970 0.5730 0.5856 0.5194 0.5014 0.3868 0.5937 0.5954 0.6398 0.5664 0.5643';
    digitsAgree(evaluateCoco(truth, found).stats, figures(published), 4);
  });

  it('Padilla: COCO sample with the areas of the boxes', () => {
    const at = (file: string) => home('padilla-coco-sampled', file);
    const truth = readJson<CocoInstances>(at('sampled_gts_bbox_area.json'));
    const { annotations: found } = readJson<{ annotations: CocoDetection[] }>(at('sampled_bbox_results.json'));
    const published =
      '0.503647 0.696973 0.571667 0.593252 0.557991 0.489363 0.386813 0.593680 0.595353 0.654764 0.603130 0.553744';
    digitsAgree(evaluateCoco(truth, found).stats, figures(published), 6);
  });

  it('Padilla: seven images, four thresholds, both rules', () => {
    const lines = (dir: string) =>
      readdirSync(home('padilla-test_case_1', dir)).flatMap((file) =>
        readFileSync(home('padilla-test_case_1', dir, file), 'utf8')
          .trim()
          .split('\n')
          .map((line) => ({ image: file, words: line.split(' ') })),
      );
    const boxOf = (words: readonly string[]): readonly number[] => {
      const [x, y, w, h] = words.slice(-4).map(Number) as [number, number, number, number];
      return [x, y, x + w, y + h];
    };
    const annotations: VocAnnotation[] = lines('gts').map(({ image, words }) => ({
      image,
      objects: [{ name: words[0], box: boxOf(words) }],
    }));
    const detections: VocDetection[] = lines('dets').map(({ image, words }) => ({
      image,
      name: words[0],
      score: Number(words[1]),
      box: boxOf(words),
    }));
    const thresholds = [0.1, 0.3, 0.5, 0.75];
    const ap = (rule: '07' | 'area') =>
      evaluateVoc(annotations, detections, { rule, thresholds }).perThreshold.map((row) => row.mAP);
    digitsAgree(ap('07'), figures('0.3333333333 0.2683982683 0.0303030303 0'), 10, 'cut');
    digitsAgree(ap('area'), figures('0.3371980676 0.2456866804 0.0222222222 0'), 10, 'cut');
  });

  const reference = (...parts: string[]) => home('darknet-reference', ...parts);
  type Scores = { readonly stats12?: number[]; readonly mAP50_11point?: number; readonly mAP50_area?: number };
  const expected = present ? readJson<Record<string, Scores>>(reference('expected.json')) : {};
  for (const [model, scores] of Object.entries(expected)) {
    it(`Darknet's own output: ${model}`, async () => {
      if (scores.stats12) {
        const truth = readJson<CocoInstances>(sharedPath('data', 'coco-mini', 'annotations', 'instances_val2017.json'));
        const found = readJson<CocoDetection[]>(reference(model, 'coco-mini-val.coco_results.json.gz'));
        digitsAgree(evaluateCoco(truth, found).stats, scores.stats12, 5);
      } else {
        const vocDir = sharedPath('data', 'voc2012-mini', 'VOCdevkit');
        const sets = readdirSync(join(vocDir, 'VOC2012', 'ImageSets', 'Main'));
        const imageSet = sets.map((file) => file.replace('.txt', '')).find((name) => !name.includes('_'))!;
        const annotations = await readVocAnnotations({ vocDir, year: 2012, imageSet });
        const classes = filesIn('darknet-reference', model).map((file) => file.slice('comp4_det_test_'.length, -4));
        const detections = await readVocDetections(reference(model), 'test', classes);
        if (annotations._tag === 'Left' || detections._tag === 'Left') throw new Error('unreadable');
        const mAP = (rule: '07' | 'area') =>
          evaluateVoc(annotations.right, detections.right, { rule, classes, thresholds: [0.5] }).mean;
        digitsAgree([mAP('07'), mAP('area')], [scores.mAP50_11point!, scores.mAP50_area!], 5);
      }
    });
  }
});
