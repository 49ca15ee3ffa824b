/** Texts to the letter: C's `%f`, and the lines that the original wrote for goldens/yolo_layer. */
import { describe, expect, test } from 'vitest';
import { logFragment, percentF, regionLine } from './log-text.ts';
import type { HeadStatistics } from './statistics.ts';
import { headOf, layerCases } from './testing/goldens.ts';

// Each as printf("%f") of glibc writes it.
test.each([
  [0, '0.000000'],
  [-0, '-0.000000'],
  [1 / 3, '0.333333'],
  [-1e-9, '-0.000000'],
  [2.5e-7, '0.000000'],
  [1 / 128, '0.007812'],
  [3 / 128, '0.023438'],
  [-5 / 128, '-0.039062'],
  [127 / 128, '0.992188'],
  [1 / 64, '0.015625'],
  [415.461914, '415.461914'],
  [Math.fround(1e30), '1000000015047466219876688855040.000000'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
  [Number.NaN, '-nan'],
])('%d is printed %s', (value, text) => {
  expect(percentF(value)).toBe(text);
});

const numberOf = (text: string): number => (text === 'inf' ? Number.POSITIVE_INFINITY : Number(text));
const printed =
  /IOU: (\S+), GIOU: (\S+)\), Class: (\S+), Obj: (\S+), No Obj: (\S+), \.5R: (\S+), \.75R: (\S+), count: (\d+)/;

/** The statistics that an original's text shows. */
const statisticsOf = (line: string, fragment: string | null): HeadStatistics => {
  const [iou, giou, classProbability, objectness, anyObjectness, recall50, recall75, count] = (printed.exec(line) ?? [])
    .slice(1)
    .map(numberOf);
  const logged = /I(\S+),C(\S+),T(\S+),/.exec(fragment ?? 'I0,C0,T0,') ?? [];
  const [boxPart, classPart, cost] = logged.slice(1).map(numberOf);
  const means = { iou, giou, classProbability, objectness, recall50, recall75 };
  return { ...means, anyObjectness, count, boxPart, classPart, cost };
};

describe('the original’s texts come back from their figures', () => {
  test.each(layerCases.map((c) => [c.case, c] as const))('%s', (_name, c) => {
    const statistics = statisticsOf(c.log_line, c.log_csv_fragment);
    expect(regionLine(headOf(c), 0, statistics)).toBe(c.log_line);
    expect(logFragment(statistics)).toBe(c.log_csv_fragment ?? '');
  });
});
