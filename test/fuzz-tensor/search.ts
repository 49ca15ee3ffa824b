/** `search.ts seed seconds`: the first failure of this checkout, as one line of JSON. */
import { fuzz } from './fuzz.ts';

const [seed, seconds] = process.argv.slice(2).map(Number);
const { failures, programs } = await fuzz({
  seed,
  seconds,
  failures: 1,
  judges: ['wasm'],
  shrinkSeconds: 8,
  say: () => {},
});
console.log(JSON.stringify({ failure: failures[0], programs }));
process.exit(0);
