/** The header of a `.weights` file (SPEC 3): three 32-bit version numbers and the counter of images seen in training. */
export interface WeightsHeader {
  readonly major: number;
  readonly minor: number;
  readonly revision: number;
  /** Images that the network was trained on. */
  readonly seen: number;
}

/** What Darknet writes. */
export const newHeader = (seen = 0): WeightsHeader => ({ major: 0, minor: 2, revision: 0, seen });

const isWide = ({ major, minor }: WeightsHeader): boolean => major * 10 + minor >= 2 && major < 1000 && minor < 1000;

/** Such files hold the matrices of connected layers input-major. */
export const isTransposing = ({ major, minor }: WeightsHeader): boolean => major > 1000 || minor > 1000;

export const headerBytes = (header: WeightsHeader): number => (isWide(header) ? 20 : 16);

/** Undefined when there are too few bytes, or the counter is below 0 or beyond 2^53. */
export const readHeader = (bytes: Uint8Array): WeightsHeader | undefined => {
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = {
    major: view.getInt32(0, true),
    minor: view.getInt32(4, true),
    revision: view.getInt32(8, true),
    seen: 0,
  };
  if (!isWide(version)) {
    const seen = view.getInt32(12, true);
    return seen < 0 ? undefined : { ...version, seen };
  }
  if (bytes.length < 20) return undefined;
  const seen = Number(view.getBigUint64(12, true));
  return Number.isSafeInteger(seen) ? { ...version, seen } : undefined;
};

export const writeHeader = (header: WeightsHeader, target: Uint8Array): void => {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setInt32(0, header.major, true);
  view.setInt32(4, header.minor, true);
  view.setInt32(8, header.revision, true);
  if (isWide(header)) view.setBigUint64(12, BigInt(header.seen), true);
  else view.setInt32(12, header.seen, true);
};
