/** Why a decoder will not take a file. Thrown inside the decoders, turned into a fault at their edge. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly advice: string;
  constructor(reason: string, advice = 'replace the file or take it out of the list') {
    super(reason);
    this.advice = advice;
  }
}

/** Called with what a header claims, before any memory is taken for it. */
export const refuseSize = (width: number, height: number, maxPixels: number): void => {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new Refused(`claims an impossible size of ${width} x ${height} pixels`);
  }
  if (width * height > maxPixels) {
    throw new Refused(
      `claims ${width} x ${height} pixels, more than the limit of ${maxPixels}`,
      'shrink the picture or raise maxPixels',
    );
  }
};

/** What sharp calls the formats that are decoded with it. */
const namesOfSharp: Readonly<Record<string, string>> = { avif: 'heif' };

/** A decoder that finds another format than the first bytes say: a drawing that claims to be a photograph. */
export const refuseOther = (sniffed: string, found: string | undefined): void => {
  if (found !== (namesOfSharp[sniffed] ?? sniffed))
    throw new Refused(`begins as ${sniffed} and is ${found ?? 'something else'}`, 'give the picture itself');
};
