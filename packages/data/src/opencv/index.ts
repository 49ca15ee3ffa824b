export type { Raster, Samples } from '../raster/raster.ts';
export { roundHalfEven, saturate } from '../raster/raster.ts';
export * from './arithmetic.ts';
export { gaussianBlur, gaussianKernel } from './blur.ts';
export * from './geometry.ts';
export { type ChannelOrder, fromHsvBytes, fromHsvFloats, toHsvBytes, toHsvFloats } from './hsv.ts';
export { type Homography, invertHomography, mapPoint, warpPerspective } from './perspective.ts';
export { type Interpolation, resize } from './resize.ts';
export { type Affine, invertAffine, warpAffine } from './warp.ts';
