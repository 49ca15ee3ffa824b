/** Threefry-2x32 for four counters at a time; the bits are those of `random/threefry.ts`. */
import { parity, rotations } from '../random/threefry.ts';
import { type Kernel, kernel } from './map.ts';

/** Counters of an item; each gives two words. */
const chunk = 1024;

/** Parameters: key, output. Item: a run of counters. Whole vectors are written: up to 7 words beyond the end. */
export const randomKernel = (count: number): Kernel => {
  const { f, p, begin, end } = kernel();
  const [item, counter, stop, to, key] = f.locals(5);
  const keys = Array.from({ length: 3 }, () => f.local('v128'));
  const [x, y] = [f.local('v128'), f.local('v128')];
  f.get(p).memory('i32.load').set(key);
  f.get(key).memory('v128.load32_splat').set(keys[0]);
  f.get(key).memory('v128.load32_splat', 4).set(keys[1]);
  f.get(keys[0], keys[1]).do('v128.xor').constant(parity, 'i32').do('v128.xor').set(keys[2]);
  f.get(begin).range(item, end, 1, () => {
    f.times(item, chunk).set(counter);
    f.add(counter, chunk).i32(Math.ceil(count / 2));
    f.add(counter, chunk)
      .i32(Math.ceil(count / 2))
      .do('i32.lt_s', 'select')
      .set(stop);
    f.get(p)
      .memory('i32.load', 4)
      .times(item, chunk * 8)
      .do('i32.add')
      .set(to);
    f.get(counter).range(counter, stop, 4, () => {
      f.get(keys[0]).set(x);
      f.get(counter).do('i32x4.splat').constant(0, 'i32');
      for (let lane = 1; lane < 4; lane++) f.i32(lane).replace('i32', lane);
      f.do('i32x4.add').get(keys[1]).do('i32x4.add').set(y);
      for (let round = 0; round < 20; round++) {
        const by = rotations[round % 8];
        f.get(x, y).do('i32x4.add').set(x);
        f.get(y)
          .shift('i32x4.shl', by)
          .get(y)
          .shift('i32x4.shr_u', 32 - by)
          .do('v128.or')
          .get(x);
        f.do('v128.xor').set(y);
        if (round % 4 !== 3) continue;
        const injection = (round + 1) / 4;
        f.get(x, keys[injection % 3])
          .do('i32x4.add')
          .set(x);
        f.get(y, keys[(injection + 1) % 3])
          .do('i32x4.add')
          .constant(injection, 'i32')
          .do('i32x4.add')
          .set(y);
      }
      f.get(to, x, y).shuffle(0, 4, 1, 5).memory('v128.store');
      f.get(to, x, y).shuffle(2, 6, 3, 7).memory('v128.store', 16).bump(to, 32);
    });
  });
  return { f, items: Math.ceil(count / 2 / chunk) };
};
