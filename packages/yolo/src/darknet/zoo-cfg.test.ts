/** Each public cfg either has the layer table of AlexeyAB's program, or is refused in words. */
import { readdirSync, readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { showFault } from './fault.ts';
import { parseNetwork } from './plan.ts';
import { differences, type Printed } from './testing/printed-table.ts';

const cfgs = shared ? readdirSync(sharedPath('data/zoo-cfg')).filter((name) => name.endsWith('.cfg')) : [];
const printed: Readonly<Record<string, Printed>> = shared
  ? JSON.parse(readFileSync(sharedPath('goldens/v4/zoo.json'), 'utf8'))
  : {};

describe.skipIf(!shared)('public cfgs', () => {
  const outcomes = new Map<string, string>();
  it.each(cfgs)('%s', (name) => {
    const expected = printed[name.replace(/\.cfg$/, '')];
    expect(expected).toBeDefined();
    const result = parseNetwork(readFileSync(sharedPath('data/zoo-cfg', name), 'utf8'), { file: name });
    if (E.isLeft(result)) {
      expect(result.left.map(showFault).every((line) => line.startsWith(name))).toBe(true);
      // What is refused is not implemented, or the file itself is broken: never a value that Darknet reads as we do.
      outcomes.set(name, 'refused');
      return;
    }
    expect(differences(result.right.value, expected)).toEqual([]);
    outcomes.set(name, expected.exit === 0 ? 'equal' : 'loads where its program dies');
  });
  it('of all of them', () => {
    const names = (outcome: string) => [...outcomes].filter(([, o]) => o === outcome).map(([name]) => name);
    expect(outcomes.size).toBe(cfgs.length);
    expect(names('loads where its program dies')).toEqual([
      'resnet101.cfg',
      'resnet152.cfg',
      'resnet50.cfg',
      'resnext152-32x4d.cfg',
    ]);
    expect(names('equal').length).toBeGreaterThanOrEqual(29);
  });
});
