import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blankImage, type Image } from '../image/image.ts';
import { classColour, drawBoxes } from './boxes.ts';
import { glyphDot, glyphHeight, glyphWidth } from './glyphs.ts';
import { tile } from './tile.ts';

const pixel = ({ width, data }: Image, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
const green = [0, 255, 0] as const;

describe('glyphs', () => {
  const art = (character: string) =>
    Array.from({ length: glyphHeight }, (_, row) =>
      Array.from({ length: glyphWidth }, (_, column) => (glyphDot(character, column, row) ? '#' : '.')).join(''),
    );

  it('are upright', () => {
    expect(art('F')).toEqual(['#####', '#....', '#....', '####.', '#....', '#....', '#....']);
    expect(art('7').slice(0, 2)).toEqual(['#####', '....#']);
  });

  it('are all different and none but the blank is empty', () => {
    const all = Array.from({ length: 95 }, (_, i) => art(String.fromCharCode(32 + i)).join('\n'));
    expect(new Set(all).size).toBe(95);
    expect(all.filter((a) => !a.includes('#'))).toHaveLength(1);
    expect(art('é')).toEqual(art('?'));
  });
});

describe('drawBoxes', () => {
  it('draws a frame on the edges of the box, leaves its inside and the given picture alone', () => {
    const image = blankImage(100, 100);
    const out = drawBoxes(image, [{ x: 0.5, y: 0.5, w: 0.4, h: 0.2, colour: green }], { lineWidth: 2 });
    expect(pixel(out, 30, 40)).toEqual([...green]);
    expect(pixel(out, 69, 59)).toEqual([...green]);
    expect(pixel(out, 31, 50)).toEqual([...green]);
    expect(pixel(out, 32, 50)).toEqual([0, 0, 0]);
    expect(pixel(out, 70, 60)).toEqual([0, 0, 0]);
    expect(image).toEqual(blankImage(100, 100));
  });

  it('takes the line width of the original: 0.6 % of the height', () => {
    const out = drawBoxes(blankImage(100, 1000), [{ x: 0.5, y: 0.5, w: 1, h: 0.5, colour: green }]);
    expect([pixel(out, 50, 255), pixel(out, 50, 256)]).toEqual([[...green], [0, 0, 0]]);
  });

  it('writes label and score in a colour that stands out, inside the picture', () => {
    const box = { x: 0.5, y: 0.5, w: 0.5, h: 0.5, colour: green, label: 'dog', score: 0.876 };
    const out = drawBoxes(blankImage(200, 100, [128, 128, 128]), [box], { textScale: 1 });
    const ground: number[][] = [];
    for (let y = 16; y < 25; y++) for (let x = 50; x < 50 + 7 * 6 + 1; x++) ground.push(pixel(out, x, y));
    const dark = ground.filter((p) => p.join() === '0,0,0').length;
    const lit = [...'dog 88%'].reduce((n, character) => {
      for (let c = 0; c < glyphWidth; c++) for (let r = 0; r < glyphHeight; r++) if (glyphDot(character, c, r)) n++;
      return n;
    }, 0);
    expect(dark).toBe(lit);
    expect(ground.filter((p) => p.join() === green.join()).length).toBe(ground.length - lit);
  });

  it('takes any box', () => {
    const number = fc.double();
    const image = blankImage(20, 10);
    fc.assert(
      fc.property(number, number, number, number, fc.string(), (x, y, w, h, label) => {
        expect(drawBoxes(image, [{ x, y, w, h, colour: green, label }]).data.length).toBe(600);
      }),
    );
  });
});

describe('classColour', () => {
  it('spreads classes over the rainbow', () => {
    expect(classColour(0, 80)).toEqual([255, 0, 255]);
    const colours = new Set(Array.from({ length: 80 }, (_, i) => classColour(i, 80).join()));
    expect(colours.size).toBe(80);
  });
});

describe('tile', () => {
  it('puts pictures in reading order, smaller ones centred', () => {
    const sheet = tile([blankImage(4, 4, [1, 1, 1]), blankImage(2, 2, [2, 2, 2]), blankImage(4, 4, [3, 3, 3])], {
      gap: 1,
      ground: [9, 9, 9],
    });
    expect([sheet.width, sheet.height]).toEqual([9, 9]);
    expect([
      pixel(sheet, 0, 0)[0],
      pixel(sheet, 4, 0)[0],
      pixel(sheet, 5, 0)[0],
      pixel(sheet, 6, 1)[0],
      pixel(sheet, 0, 5)[0],
    ]).toEqual([1, 9, 9, 2, 3]);
    expect(() => tile([])).toThrow(/at least one/);
  });
});
