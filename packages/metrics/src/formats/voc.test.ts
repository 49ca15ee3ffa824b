import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDarknetLabels,
  formatVocAnnotation,
  labelToCorners,
  parseDarknetLabels,
  parseImageSet,
  parseVocAnnotation,
  parseVocDetections,
  parseXml,
  showFault,
} from './index.ts';

describe('VOC annotations', () => {
  it('objects with their parts passed over, in any layout', () => {
    const text = `<?xml version="1.0"?><!DOCTYPE annotation><!-- <object/> -->
      <annotation verified="yes"><folder/><object><name>a &amp; b</name>
      <part><name>head</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>
      <bndbox><ymax> 40 </ymax><xmin>1</xmin><ymin>2</ymin><xmax>3.5</xmax></bndbox><difficult>1</difficult></object></annotation>`;
    expect(parseVocAnnotation(text, 'a.xml', 'a')).toEqual({
      _tag: 'Right',
      right: { image: 'a', objects: [{ name: 'a & b', difficult: true, box: [1, 2, 3.5, 40] }] },
    });
  });

  it('faults with their lines, together', () => {
    const text =
      '<annotation>\n<object>\n<name>a</name>\n</object>\n<object><bndbox>\n<xmin>x</xmin></bndbox></object></annotation>';
    const result = parseVocAnnotation(text, 'a.xml', 'a');
    expect(result._tag === 'Left' ? result.left.map(showFault) : []).toEqual([
      'a.xml:2: found "<object> without a box", expected <bndbox> with xmin, ymin, xmax, ymax',
      'a.xml:5: found "<object> without a name", expected <name>class</name>',
      'a.xml:6: found "x", expected a number in <xmin>',
      'a.xml:5: found nothing, expected a number in <ymin>',
      'a.xml:5: found nothing, expected a number in <xmax>',
      'a.xml:5: found nothing, expected a number in <ymax>',
    ]);
  });

  it('broken XML names the line and the tag', () => {
    expect(parseXml('<a>\n<b>\n</a>')).toEqual({ line: 3, found: '</a>', expected: '</b> for the one of line 2' });
    expect(parseXml('<a>\n<b')).toMatchObject({ line: 2, expected: 'a tag' });
    expect(parseXml('')).toMatchObject({ found: 'no element' });
  });

  it('what has no end is looked for once, however long the text is', () => {
    const long = 2_000_000;
    for (const text of [
      '<'.repeat(long),
      `<a><${'b'.repeat(long)}`,
      `<a>${'<!--'.repeat(long / 4)}`,
      `<a ${'"'.repeat(long + 1)}>`,
    ])
      expect(parseXml(text)).toMatchObject({ expected: 'a tag' });
    expect(parseXml(`<a>${'<b></b>'.repeat(long / 8)}</a>`)).toMatchObject({ name: 'a' });
  });

  it('depth costs no stack, and no text makes the reader hang or throw', () => {
    const deep = 100_000;
    expect(parseXml('<a>'.repeat(deep) + '</a>'.repeat(deep))).toMatchObject({ name: 'a' });
    expect(parseXml('<a '.repeat(deep))).toHaveProperty('expected');
    expect(parseXml(`<a ${'"'.repeat(deep + 1)}>`)).toHaveProperty('expected');
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      '"',
      "'",
      '&lt;',
      '<a>',
      '</a>',
      '<!--',
      '-->',
      '&#x110000;',
      '\n',
      '<![CDATA[',
      ']]>',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(parseXml(pieces.join(''))).toHaveProperty('line');
      }),
    );
  });

  it('round trip', () => {
    const name = fc.string({ minLength: 1 }).map((text) => `n${text.replace(/\s|[^\x20-\x7e]/g, '')}`);
    const box = fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()).map(([x, y, w, h]) => [x, y, x + w, y + h] as const);
    const object = fc.record({ name, difficult: fc.boolean(), box });
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        const right = { image: 'i', objects };
        expect(parseVocAnnotation(formatVocAnnotation(right), 'x', 'i')).toEqual({ _tag: 'Right', right });
      }),
    );
  });
});

describe('lines', () => {
  it('detections: figures or the number of the bad line', () => {
    expect(parseVocDetections('a 0.5 1 2 3 4\r\n\nb 1e-3 1 2 3 4\n', 'x', 'dog')).toEqual({
      _tag: 'Right',
      right: [
        { image: 'a', name: 'dog', score: 0.5, box: [1, 2, 3, 4] },
        { image: 'b', name: 'dog', score: 0.001, box: [1, 2, 3, 4] },
      ],
    });
    const broken = parseVocDetections('a 0.5 1 2 3 4\na nan 1 2 3 4\na 1 2\n', 'x', 'dog');
    expect(broken._tag === 'Left' && broken.left.map((fault) => fault.tag === 'line' && fault.line)).toEqual([2, 3]);
  });

  it('image sets: first word of a line, once', () => {
    expect(parseImageSet('a  1\nb -1\r\n\na\n')).toEqual(['a', 'b']);
  });

  it('labels: round trip, and corners in pixels', () => {
    const labels = [{ category: 3, box: [0.5, 0.25, 0.5, 0.5] }];
    expect(parseDarknetLabels(formatDarknetLabels(labels), 'x')).toEqual({ _tag: 'Right', right: labels });
    expect(labelToCorners(labels[0], 100, 200)).toEqual([25, 0, 75, 100]);
    expect(parseDarknetLabels('1.5 0 0 0 0', 'x')._tag).toBe('Left');
  });
});
