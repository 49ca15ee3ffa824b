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
