import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCocoResults, parseCocoInstances, parseCocoResults, showFault } from './index.ts';

const texts = (result: ReturnType<typeof parseCocoResults | typeof parseCocoInstances>): readonly string[] =>
  result._tag === 'Left' ? result.left.map(showFault) : [];

describe('COCO results', () => {
  it('reports every broken row of a file at once, with its place', () => {
    const text = JSON.stringify([
      { image_id: 1, category_id: 1, bbox: [0, 0, 5, 5], score: 0.5 },
      { image_id: 'one', category_id: 1, bbox: [0, 0, 5], score: 0.5 },
      { image_id: 1, category_id: 1, bbox: [0, 0, 5, -5] },
      7,
    ]);
    expect(texts(parseCocoResults(text, 'r.json'))).toEqual([
      'r.json: [1].bbox: found [0,0,5], expected four numbers [x, y, width, height]',
      'r.json: [2].score: found nothing, expected a number',
      'r.json: [3]: found 7, expected an object with image_id, category_id, bbox, score',
    ]);
  });

  it('stops listing after a hundred and counts the rest', () => {
    const faults = texts(parseCocoResults(JSON.stringify(Array(250).fill(null)), 'r.json'));
    expect(faults).toHaveLength(101);
    expect(faults[100]).toBe('r.json: and 150 more faults');
  });

  it('says what is wrong with NaN, and with a file that ends too early', () => {
    expect(texts(parseCocoResults('[{"score": NaN}]', 'r.json'))[0]).toMatch(/not JSON.*no NaN/);
    expect(texts(parseCocoResults('[{"score": 1', 'r.json'))[0]).toMatch(/^r.json: cannot be read: not JSON/);
  });

  it('reads the lone bracket of a run without detections', () => {
    expect(parseCocoResults('\n]\n', 'r.json')).toEqual({ _tag: 'Right', right: [] });
    expect(formatCocoResults([])).toBe('[]\n');
  });

  it('round trip', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const size = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
    const row = fc.record({
      image_id: fc.nat(),
      category_id: fc.nat(),
      bbox: fc.tuple(number, number, size, size),
      score: number,
    });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        expect(parseCocoResults(formatCocoResults(rows), 'x')).toEqual({ _tag: 'Right', right: rows });
      }),
    );
  });
});

describe('COCO instances', () => {
  it('finds identities that are used twice', () => {
    const text = JSON.stringify({
      images: [{ id: 1 }, { id: 1 }],
      annotations: [{ id: 3, image_id: 1, category_id: 1, bbox: [0, 0, 1, 1], iscrowd: 2 }],
      categories: {},
    });
    expect(texts(parseCocoInstances(text, 'i.json'))).toEqual([
      'i.json: annotations[0].iscrowd: found 2, expected 0 or 1',
      'i.json: categories: found {}, expected a list',
      'i.json: images[1].id: found 1, expected an id of its own; images[0] has it too',
    ]);
  });

  it('any JSON is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(['Left', 'Right']).toContain(parseCocoInstances(text, 'x')._tag);
        expect(['Left', 'Right']).toContain(parseCocoResults(text, 'x')._tag);
      }),
    );
  });
});
