/** Readers are total: whatever the text, they return a value or faults, and never throw. */

import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { layerKinds } from '../layers/index.ts';
import { parseConfig } from './config.ts';
import { parseData } from './data-file.ts';
import { type FileResult, showFault, showNotice } from './fault.ts';
import { layerTable } from './layer-table.ts';
import { parseNames } from './names.ts';
import { parseNetwork } from './plan.ts';
import { parseSections, printSections } from './sections.ts';
import { zoo } from './zoo.ts';

/** Every fault has a line that exists, and can be shown. */
const examine = (text: string, result: FileResult<unknown>): void => {
  const lines = text.split(/\r\n|\r|\n/).length;
  const items = E.isLeft(result) ? result.left : result.right.notices;
  if (E.isLeft(result)) expect(result.left.length).toBeGreaterThan(0);
  const broken = items.filter((item) => {
    const shown = 'message' in item ? showNotice(item) : showFault(item);
    return !(item.line === undefined || (item.line > 0 && item.line <= lines)) || !shown.startsWith(item.file);
  });
  expect(broken).toEqual([]);
};
const readAll = (text: string): void => {
  examine(text, parseData(text));
  examine(text, parseNames(text));
  for (const lenient of [false, true]) {
    examine(text, parseConfig(text, { lenient }));
    const network = parseNetwork(text, { lenient });
    examine(text, network);
    if (E.isRight(network)) expect(layerTable(network.right.value)).toContain('layer');
  }
};

const keys = [
  'width',
  'height',
  'channels',
  'filters',
  'size',
  'stride',
  'pad',
  'groups',
  'from',
  'layers',
  'mask',
  'anchors',
  'num',
  'classes',
  'steps',
  'policy',
  'batch_normalize',
  'activation',
  'iou_loss',
  '__proto__',
  'constructor',
];
const values = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '3',
    '32',
    '-1,-2',
    '1,2,3',
    '.5',
    '1e400',
    '2147483647',
    '99999999999999',
    'nan',
    'leaky',
    'giou',
    'steps',
    ',',
    '1x',
    '',
  ),
  fc.integer().map(String),
  fc.string(),
);
const line = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...keys), values).map(([k, v]) => `${k}=${v}`) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...Object.keys(layerKinds), 'net', 'region', 'toString', '__proto__')
      .map((s) => `[${s}]`),
  },
  { weight: 1, arbitrary: fc.string() },
);
const likely = fc
  .array(line, { maxLength: 40 })
  .map((lines) => ['[net]', 'width=32', 'height=32', 'channels=3', ...lines].join('\n'));

describe('any text', () => {
  it('at random', () =>
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), readAll), { numRuns: 500 }));
  it('that looks like a cfg', () => fc.assert(fc.property(likely, readAll), { numRuns: 500 }));
  it('that is a cfg with a few characters changed', () => {
    const text = zoo.shapes({ loss: 'giou' });
    const edit = fc.tuple(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        readAll(edits.reduce((t, [at, drop, put]) => t.slice(0, at) + put + t.slice(at + drop), text));
      }),
      { numRuns: 300 },
    );
  });
  it('that is very long', () => {
    const many = 150_000;
    const unknownKeys = Array.from({ length: many }, (_, i) => `${i}=1`).join('\n');
    const texts = [
      ...['what\n', 'k=1\n', '[conv]\n', '[nothing]\n', '=,'].map((unit) => `[net]\nwidth=3\n${unit.repeat(many / 5)}`),
      `[net]\nwidth=3\nheight=3\nchannels=3\n[conv]\n${unknownKeys}`,
      `[net]\nwidth=3\nheight=3\nchannels=3\n[route]\nlayers=${'9,'.repeat(many)}9`,
    ];
    for (const text of texts) {
      examine(text, parseNetwork(text));
      examine(text, parseData(text));
      examine(text, parseNames(text));
    }
  });
});

it('what is printed is what is read', () => {
  const word = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/);
  const value = fc.stringMatching(/^[a-z0-9.,-]{1,12}$/);
  const section = fc.record({
    name: word,
    entries: fc.uniqueArray(fc.tuple(word, value), { selector: ([key]) => key, maxLength: 6 }),
  });
  fc.assert(
    fc.property(fc.array(section), (sections) => {
      const parsed = parseSections(printSections(sections), 'a.cfg');
      expect(parsed.faults.concat(parsed.notices as never)).toEqual([]);
      expect(
        parsed.sections.map(({ name, entries }) => ({ name, entries: entries.map(({ key, value }) => [key, value]) })),
      ).toEqual(sections);
    }),
  );
});
