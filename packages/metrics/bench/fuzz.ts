/** The fuzz of in-memory rows and options, for as many rows as are told: `npm run fuzz:metrics -- [rows] [first seed]`. */
import { fuzzCase, holdToLaw } from '../src/testing/fuzz.ts';

const [wanted = 1e6, first = 0] = process.argv.slice(2).map(Number);
const start = performance.now();
let rows = 0;
let seed = first;
for (; rows < wanted; seed++) {
  const fuzz = fuzzCase(seed);
  rows += fuzz.rows;
  try {
    holdToLaw(fuzz, seed);
  } catch (error) {
    console.error(`seed ${seed}, after ${rows} rows and ${((performance.now() - start) / 1000).toFixed(1)} s:`, error);
    process.exit(1);
  }
}
console.log(
  `${rows} rows in ${seed - first} cases, ${((performance.now() - start) / 1000).toFixed(0)} s: no law is broken`,
);
