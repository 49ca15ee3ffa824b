import { expect, it } from 'vitest';
import { fuzzCase, holdToLaw } from './testing/fuzz.ts';
import { faults, searchFor } from './testing/put-back.ts';

/** The long form is `npm run fuzz:metrics`. */
it('rows and options in memory: a typed error or a result, and one whatever the order', () => {
  let rows = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const fuzz = fuzzCase(seed);
    rows += fuzz.rows;
    try {
      holdToLaw(fuzz, seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  expect(rows).toBeGreaterThan(5000);
});

// The fuzz itself gives each a minute; here a busy machine may take its time over the same cases.
it.each(faults)(
  'the fault %s, put back, is found',
  (fault) => {
    const { found, text } = searchFor(fault, 0, 600);
    expect({ found, text }).toEqual({ found: true, text: expect.stringMatching(/^seed \d+/) });
  },
  700_000,
);
