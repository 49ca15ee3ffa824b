/** Interleaved pictures of any number of channels, the operand of the OpenCV operations. */
export type Samples = Uint8Array | Float32Array;

/** `data[(y * width + x) * channels + channel]`; bytes 0..255, floats 0..1. */
export type Raster<D extends Samples = Samples> = {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: D;
};

export const areBytes = (raster: Raster): raster is Raster<Uint8Array> => raster.data instanceof Uint8Array;

export const areFloats = (raster: Raster): raster is Raster<Float32Array> => raster.data instanceof Float32Array;

export const samplesLike = <D extends Samples>(data: D, length: number): D =>
  (data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length)) as D;

export const rasterLike = <D extends Samples>(source: Raster<D>, width: number, height: number): Raster<D> => ({
  width,
  height,
  channels: source.channels,
  data: samplesLike(source.data, width * height * source.channels),
});

/** Added and taken away, this rounds a double below 2^51 to a whole number, halves to even, as OpenCV does. */
export const roundingMagic = 6755399441055744;
export const roundHalfEven = (v: number): number => v + roundingMagic - roundingMagic;

export const saturate = (v: number): number => Math.max(0, Math.min(255, v));
