/** Keys: what is drawn, what is split off, and that the two have nothing to do with each other. */
import { afterAll, expect, it } from 'vitest';
import { key, normal, openReference, randomBits, read, splitKey, uniform } from '../index.ts';

const device = openReference();
afterAll(() => device.close());

it('a key that is split gives no words that are drawn from it', async () => {
  for (const seed of [0, 1, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
    const parent = key(seed);
    const children = (await read(device, splitKey(50)(parent))).flatMap((words) => [...words]);
    const drawn = new Set(await read(device, randomBits([2000])(parent)));
    expect(new Set(children).size).toBe(100);
    // By chance one of 2^32 words agrees in one of 20,000 tries.
    expect(children.filter((word) => drawn.has(word))).toEqual([]);
  }
});

it('the first keys do not depend on how many are asked for', async () => {
  const [few, many] = [splitKey(2)(key(5)), splitKey(7)(key(5))];
  expect(await read(device, few)).toEqual((await read(device, many)).slice(0, 2));
});

it('one key, one draw: a longer draw begins with the shorter one', async () => {
  const [short, long] = await read(device, [uniform([5])(key(3)), uniform([3, 4])(key(3))]);
  expect([...long].slice(0, 5)).toEqual([...short]);
});

it('draws of split keys are those of independent uniform numbers, as far as moments tell', async () => {
  const draws = await read(
    device,
    splitKey(64)(key(11)).map((k) => uniform([64])(k)),
  );
  const means = draws.map((d) => Array.from(d).reduce((a, b) => a + b) / 64);
  const mean = means.reduce((a, b) => a + b) / 64;
  expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 4096));
  const variance = means.reduce((a, b) => a + (b - mean) ** 2, 0) / 63;
  expect(Math.abs(variance * 12 * 64 - 1)).toBeLessThan(5 * Math.sqrt(2 / 63));
});

it('seeds up to 2^53 - 1 are keys of their own', async () => {
  const seeds = [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
  const first = await read(
    device,
    seeds.map((seed) => normal([2])(key(seed))),
  );
  expect(new Set(first.map((draw) => draw.join())).size).toBe(seeds.length);
});
