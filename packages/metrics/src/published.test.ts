/** Peers' published tests, each by its name there, and the table of them in the README. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PublishedCase } from './testing/published/case.ts';
import { atHand } from './testing/published/case.ts';
import { fasterCocoEval } from './testing/published/faster-coco-eval.ts';
import { hotcoco } from './testing/published/hotcoco.ts';
import { cocoapi, globox, tidecv } from './testing/published/others.ts';
import { torchmetrics } from './testing/published/torchmetrics.ts';

const peers: Readonly<Record<string, readonly PublishedCase[]>> = {
  'faster-coco-eval 1.7.1, bbox': fasterCocoEval.bbox,
  'faster-coco-eval 1.7.1, segm': fasterCocoEval.segm,
  'faster-coco-eval 1.7.1, keypoints, LVIS': fasterCocoEval['keypoints, LVIS'],
  'torchmetrics 1.9.0, bbox': torchmetrics.bbox,
  'torchmetrics 1.9.0, segm': torchmetrics.segm,
  'hotcoco 0.4.0, evaluations': hotcoco.bbox,
  'hotcoco 0.4.0, analyses': hotcoco.analyses,
  'globox 2.7.0': globox,
  'pycocotools 2.0.11, masks': cocoapi,
  'tidecv 1.0.1, examples': tidecv,
};
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe.each(Object.entries(peers))('%s', (peer, cases) => {
  for (const published of cases) {
    const { test, check } = published;
    if (check !== undefined) it.skipIf(!atHand(published))(test, check);
  }

  it('each test is held to, or it is said why not; the README has the count', () => {
    expect(new Set(cases.map(({ test }) => test)).size).toBe(cases.length);
    for (const { test, check, lacks } of cases) expect(check === undefined, test).toBe(lacks !== undefined);
    const held = cases.filter(({ check }) => check !== undefined).length;
    const row = readme.split('\n').find((line) => line.startsWith(`| ${peer} `));
    expect(row?.split('|')[2]?.trim(), peer).toBe(`${held} of ${cases.length}`);
  });
});
