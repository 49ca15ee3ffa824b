/** Pictures in memory: interleaved RGB, row by row from the top, eight bits or float. */

/** `data[(y * width + x) * 3 + channel]`, channels red, green, blue, 0..255. */
export type Image = { readonly width: number; readonly height: number; readonly data: Uint8Array };

/** The same layout as float32, 0..1. */
export type FloatImage = { readonly width: number; readonly height: number; readonly data: Float32Array };

export const blankImage = (
  width: number,
  height: number,
  rgb: readonly [number, number, number] = [0, 0, 0],
): Image => {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) {
    data[i] = rgb[0];
    data[i + 1] = rgb[1];
    data[i + 2] = rgb[2];
  }
  return { width, height, data };
};

/** Every byte divided by 255 in double precision and stored as float32, as the original does. */
export const unitOf: Float32Array = Float32Array.from({ length: 256 }, (_, v) => v / 255);

/** Writes `image` as 0..1 floats into `out` from `offset`. */
export const writeUnit = (image: Image, out: Float32Array, offset = 0): void => {
  const { data } = image;
  for (let i = 0; i < data.length; i++) out[offset + i] = unitOf[data[i]];
};

export const toFloat = (image: Image): FloatImage => {
  const data = new Float32Array(image.data.length);
  writeUnit(image, data);
  return { width: image.width, height: image.height, data };
};

/** Values outside 0..1 are clamped; 0..1 is spread over 0..255 and rounded. */
export const toBytes = (image: FloatImage): Image => ({
  width: image.width,
  height: image.height,
  data: Uint8Array.from(image.data, (v) => (v <= 0 ? 0 : v >= 1 ? 255 : Math.round(v * 255))),
});
