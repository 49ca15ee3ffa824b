/** Broken files: each is read into something that can be evaluated, or refused with its faults. Nothing throws or hangs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateCoco, evaluateVoc } from '../index.ts';
import { smallCoco } from '../testing/arbitrary.ts';
import { parseCocoInstances, parseCocoResults, parseVocAnnotation, parseVocDetections, showFault } from './index.ts';

type Faults = Extract<ReturnType<typeof parseCocoResults>, { _tag: 'Left' }>['left'];

const explained = (faults: Faults): void => {
  expect(faults.length).toBeGreaterThan(0);
  for (const fault of faults) expect(showFault(fault)).toMatch(/^file[: ]/);
};

/** What a careless program writes in place of a value. */
const wrong = fc.constantFrom(
  ...['NaN', '-Infinity', '1e999', 'null', '""', '"7"', '[]', '{}', '-5', '0', '1.5', 'true', '[1,2,3]', '1e308'],
);

/** A text with some of its numbers replaced, cut short in one of four cases. */
const broken = (text: string) =>
  fc
    .record({
      replaced: fc.array(fc.tuple(fc.nat(), wrong), { maxLength: 3 }),
      cut: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
    })
    .map(({ replaced, cut }) => {
      const numbers = [...text.matchAll(/-?\d+(?:\.\d+)?/g)];
      let out = text;
      for (const [at, value] of replaced) {
        const match = numbers[at % Math.max(1, numbers.length)];
        if (match !== undefined) out = out.slice(0, match.index) + value + out.slice(match.index + match[0].length);
      }
      return out.slice(0, Math.ceil(cut * out.length));
    });

const twelve = (stats: readonly number[]): void => {
  for (const value of stats) expect(value === -1 || (value >= 0 && value <= 1)).toBe(true);
};

describe('broken files', () => {
  const sets = smallCoco.chain(({ truth, found }) =>
    fc.tuple(broken(JSON.stringify(truth)), broken(JSON.stringify(found))),
  );

  it('COCO: a score between 0 and 1 by either metric, or the faults', () => {
    fc.assert(
      fc.property(sets, ([gt, dt]) => {
        const [truth, found] = [parseCocoInstances(gt, 'file'), parseCocoResults(dt, 'file')];
        for (const result of [truth, found]) if (result._tag === 'Left') explained(result.left);
        if (truth._tag === 'Left' || found._tag === 'Left') return;
        for (const overlap of ['iou', 'giou'] as const)
          twelve(evaluateCoco(truth.right, found.right, { overlap }).stats);
      }),
      { numRuns: 500 },
    );
  });

  const xml = `<annotation><object><name>cat</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2</ymin>
    <xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>`;
  it('VOC: the same of XML and of result lines', () => {
    fc.assert(
      fc.property(broken(xml), broken('a 0.5 1 2 30 40\na 0.25 5 6 7 8\n'), (annotation, lines) => {
        const truth = parseVocAnnotation(annotation, 'file', 'a');
        const found = parseVocDetections(lines, 'file', 'cat');
        for (const result of [truth, found]) if (result._tag === 'Left') explained(result.left);
        if (truth._tag === 'Left' || found._tag === 'Left') return;
        for (const overlap of ['iou', 'giou'] as const) {
          const { mean } = evaluateVoc([truth.right], found.right, { overlap, classes: ['cat'] });
          // Eleven elevenths are a little more than 1 in floating point.
          expect(mean >= 0 && mean <= 1 + 1e-12).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a million categories are read, and a duplicate among them is found', () => {
    const categories = Array.from({ length: 1e6 }, (_, id) => ({ id }));
    const text = (more: readonly object[]) =>
      JSON.stringify({ images: [], annotations: [], categories: [...categories, ...more] });
    expect(parseCocoInstances(text([]), 'file')._tag).toBe('Right');
    const twice = parseCocoInstances(text([{ id: 7 }]), 'file');
    expect(twice._tag === 'Left' && twice.left.map(showFault)).toEqual([
      'file: categories[1000000].id: found 7, expected an id of its own; categories[7] has it too',
    ]);
  });

  it('deep nesting is a fault', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `[${open.repeat(1e5)}1${close.repeat(1e5)}]`;
      const result = parseCocoResults(deep, 'file');
      expect(result._tag).toBe('Left');
      if (result._tag === 'Left') explained(result.left);
    }
  });
});
