import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { diouOf, giouOf, iouOf } from '@gdarknet/metrics';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenPath, readJson, shared } from '../../../../test/shared.ts';
import { allocateCandidates, type Candidates, listDetections } from './candidates.ts';
import { nmsObject, nmsSort } from './nms.ts';
import { nmsKindOf } from './overlap.ts';
import { type GoldenDetections, goldenCandidates, rounded, standing } from './testing/golden.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

describe('sort-NMS gives the boxes of the original, in its order', () => {
  it.each(['person', 'eagle', 'giraffe'])('%s', (image) => {
    const golden = readJson<GoldenDetections>(fixture(`yolo-fastest-1.1_${image}.json`));
    expect(standing(nmsSort(goldenCandidates(golden), golden.nms))).toEqual(rounded(golden));
  });
  const all = shared ? readdirSync(goldenPath('detect')).filter((f) => /_0\.\d+\.json$/.test(f)) : [];
  it.skipIf(!shared)('on every golden that was recorded whole', () => {
    let whole = 0;
    for (const file of all) {
      const golden = readJson<GoldenDetections>(goldenPath('detect', file));
      if (golden.pre_nms.length < golden.boxes_before_nms) continue;
      const found = standing(nmsSort(goldenCandidates(golden), golden.nms));
      expect([file, found.length]).toEqual([file, golden.total_class_detections]);
      expect(found.slice(0, golden.detections.length)).toEqual(rounded(golden));
      whole++;
    }
    expect(whole).toBeGreaterThan(25);
  });
});

type Entry = readonly [box: readonly number[], objectness: number, probabilities: readonly number[]];
type Clusters = { readonly picture: number; readonly nms_thresh: number } & Readonly<Record<string, readonly Entry[]>>;

describe("the kinds of nms_kind suppress as AlexeyAB's program does", () => {
  const classes = 4;
  const [pictures, rows] = [8, 60];
  const candidatesOf = (input: Float32Array, picture: number): Candidates => {
    const candidates = allocateCandidates(rows, classes);
    for (let row = 0; row < rows; row++) {
      const at = (picture * rows + row) * (5 + classes);
      candidates.boxes.set(input.subarray(at, at + 4), 4 * row);
      candidates.objectness[row] = input[at + 4];
      candidates.probabilities.set(input.subarray(at + 5, at + 5 + classes), row * classes);
    }
    return candidates;
  };
  const left = ({ count, boxes, objectness, probabilities }: Candidates): Entry[] =>
    Array.from(
      { length: count },
      (_, row): Entry => [
        [...boxes.subarray(4 * row, 4 * row + 4)],
        objectness[row],
        [...probabilities.subarray(row * classes, (row + 1) * classes)],
      ],
    ).filter(([, , scores]) => scores.some((score) => score > 0));
  const single = (entries: readonly Entry[]): Entry[] =>
    entries.map(([box, objectness, scores]) => [
      box.map(Math.fround),
      Math.fround(objectness),
      scores.map(Math.fround),
    ]);
  const cases = [
    ['sort', nmsKindOf('default', 0.6)],
    ['greedynms', nmsKindOf('greedynms', 1)],
    ['diounms_beta0.6', nmsKindOf('diounms', 0.6)],
    ['diounms_beta1', nmsKindOf('diounms', 1)],
    ['cornersnms', nmsKindOf('cornersnms', 0.6)],
  ] as const;
  it.skipIf(!shared).each(cases)('%s', (name, kind) => {
    const bytes = readFileSync(goldenPath('v4', 'nms', 'clusters', 'input.bin'));
    const input = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    expect(input).toHaveLength(pictures * rows * (5 + classes));
    for (const golden of readJson<Clusters[]>(goldenPath('v4', 'nms', 'clusters', 'expected.json'))) {
      const found = nmsSort(candidatesOf(input, golden.picture), golden.nms_thresh, { kind });
      expect(left(found), `picture ${golden.picture}`).toEqual(single(golden[name]));
    }
  });
});

const side = fc.float({ min: Math.fround(0.02), max: Math.fround(0.5), noNaN: true });
const unit = fc.float({ min: 0, max: 1, noNaN: true });
const candidatesOf = (classes: number): fc.Arbitrary<Candidates> =>
  fc
    .array(
      fc.record({
        box: fc.tuple(unit, unit, side, side),
        obj: unit,
        probs: fc.array(unit, { minLength: classes, maxLength: classes }),
      }),
      { maxLength: 40 },
    )
    .map((rows) => {
      const candidates = allocateCandidates(rows.length, classes);
      rows.forEach(({ box, obj, probs }, row) => {
        candidates.boxes.set(box, 4 * row);
        candidates.objectness[row] = obj;
        candidates.probabilities.set(probs, row * classes);
      });
      return candidates;
    });
const overlapOf = { iou: iouOf, giou: giouOf, diou: diouOf };
const kinds = fc.constantFrom(...(Object.keys(overlapOf) as (keyof typeof overlapOf)[]));

describe('suppression', () => {
  it('leaves no two boxes of a class that overlap by more than the threshold, and the best of each class', () => {
    fc.assert(
      fc.property(candidatesOf(3), kinds, fc.constantFrom(0.25, 0.5), (candidates, kind, threshold) => {
        // A box without objectness stays outside, as in the original.
        candidates.objectness.fill(1);
        const { boxes, probabilities, count } = nmsSort(candidates, threshold, { kind });
        const overlap = (a: number, b: number) =>
          overlapOf[kind](boxes.subarray(4 * a, 4 * a + 4), boxes.subarray(4 * b, 4 * b + 4), { format: 'cxcywh' });
        for (let c = 0; c < 3; c++) {
          const rows = Array.from({ length: count }, (_, row) => row).filter((row) => probabilities[row * 3 + c] > 0);
          for (const a of rows) for (const b of rows) if (a < b) expect(overlap(a, b)).toBeLessThanOrEqual(threshold);
          const best = (p: Float32Array) => Math.max(0, ...p.filter((_, i) => i % 3 === c));
          expect(best(probabilities)).toBe(best(candidates.probabilities));
        }
      }),
    );
  });
  it('permutes rows and changes nothing of its argument', () => {
    fc.assert(
      fc.property(candidatesOf(2), (candidates) => {
        const before = structuredClone(candidates);
        const after = nmsSort(candidates, 0.45);
        expect(candidates).toEqual(before);
        expect([...after.objectness].sort()).toEqual([...before.objectness].sort());
      }),
    );
  });
  it('object-NMS takes a suppressed box with all its classes', () => {
    const candidates = allocateCandidates(3, 2);
    candidates.boxes.set([0.5, 0.5, 0.2, 0.2, 0.5, 0.5, 0.2, 0.21, 0.9, 0.9, 0.1, 0.1]);
    candidates.objectness.set([0.6, 0.9, 0.3]);
    candidates.probabilities.set([0.5, 0.4, 0.2, 0.1, 0.3, 0.25]);
    const { objectness, probabilities } = nmsObject(candidates, 0.45);
    expect([...objectness]).toEqual([0.9, 0, 0.3].map(Math.fround));
    expect([...probabilities]).toEqual([0.2, 0.1, 0, 0, 0.3, 0.25].map(Math.fround));
  });
});

it('lists detections above a threshold, best first', () => {
  const candidates = allocateCandidates(2, 2);
  candidates.boxes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  candidates.objectness.set([0.5, 1]);
  candidates.probabilities.set([0.25, 0, 0.125, 0.5]);
  expect(listDetections(candidates, 0.125)).toEqual([
    { class: 1, score: 0.5, objectness: 1, box: [5, 6, 7, 8] },
    { class: 0, score: 0.25, objectness: 0.5, box: [1, 2, 3, 4] },
  ]);
});
