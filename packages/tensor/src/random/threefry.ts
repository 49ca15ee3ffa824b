/** Threefry-2x32, 20 rounds (Salmon et al. 2011; the constants are those of the Random123 distribution). */
export const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
export const parity = 0x1bd11bda;

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The two u32 words of counter (hi, lo) under the key (k0, k1). */
export const threefry2x32 = (k0: number, k1: number, hi: number, lo: number): [number, number] => {
  const keys = [k0, k1, k0 ^ k1 ^ parity];
  let x = (hi + k0) | 0;
  let y = (lo + k1) | 0;
  for (let round = 0; round < 20; round++) {
    x = (x + y) | 0;
    y = rotate(y, rotations[round % 8]) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + keys[injection % 3]) | 0;
      y = (y + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
};
