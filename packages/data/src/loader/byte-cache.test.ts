import { describe, expect, it } from 'vitest';
import { ByteCache } from './byte-cache.ts';

describe('ByteCache', () => {
  it('stays within its budget and drops the least recently used', () => {
    const cache = new ByteCache<string>(10, (s) => s.length);
    cache.set(1, 'aaaa');
    cache.set(2, 'bbbb');
    expect(cache.get(1)).toBe('aaaa');
    cache.set(3, 'cccc');
    expect([cache.get(1), cache.get(2), cache.get(3), cache.usedBytes]).toEqual(['aaaa', undefined, 'cccc', 8]);
    cache.set(4, 'x'.repeat(11));
    expect(cache.get(4)).toBeUndefined();
  });
});
