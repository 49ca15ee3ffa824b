export * from './arithmetic.ts';
export * from './blur.ts';
export * from './geometry.ts';
export * from './hsv.ts';
export * from './perspective.ts';
export type { Raster, Samples } from './raster.ts';
export { roundHalfEven, saturate } from './raster.ts';
export { type Interpolation, resize } from './resize.ts';
export * from './warp.ts';
