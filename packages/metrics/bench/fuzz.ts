/**
 * The fuzz of in-memory rows and options:
 *
 *     npm run fuzz:metrics -- [rows] [first seed]      as many rows as are told, a million unless told
 *     npm run fuzz:metrics -- --put-back <fault|all>   each fault that was mended, put back: is it found within a minute?
 */
import { fuzzCase, holdToLaw } from '../src/testing/fuzz.ts';

const search = (wanted: number, first: number): number => {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  let rows = 0;
  let seed = first;
  for (; rows < wanted; seed++) {
    const fuzz = fuzzCase(seed);
    rows += fuzz.rows;
    try {
      holdToLaw(fuzz, seed);
    } catch (error) {
      const { message, stack } = error as Error;
      console.error(`seed ${seed}, after ${rows} rows and ${elapsed().toFixed(1)} s: ${message}\n${stack}`);
      return 1;
    }
  }
  console.log(`${rows} rows in ${seed - first} cases, ${elapsed().toFixed(0)} s: no law is broken`);
  return 0;
};

const putBack = async (name: string | undefined): Promise<number> => {
  const { faults, limit, searchFor } = await import('../src/testing/put-back.ts');
  const asked = name === 'all' ? faults : faults.filter((fault) => fault === name);
  if (asked.length === 0) throw new Error(`--put-back: name all or one of ${faults.join(', ')}`);
  let missed = 0;
  for (const fault of asked) {
    const { found, seconds, text } = searchFor(fault);
    if (!found) missed++;
    console.log(`${fault}: ${found ? `found in ${seconds.toFixed(1)} s` : `NOT FOUND in ${limit} s`}: ${text}`);
  }
  console.log(`${asked.length - missed} of ${asked.length} faults found`);
  return missed > 0 ? 1 : 0;
};

const [first, second] = process.argv.slice(2);
process.exitCode = first === '--put-back' ? await putBack(second) : search(Number(first ?? 1e6), Number(second ?? 0));
