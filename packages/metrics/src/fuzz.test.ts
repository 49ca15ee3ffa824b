import { expect, it } from 'vitest';
import { fuzzCase, holdToLaw } from './testing/fuzz.ts';

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
