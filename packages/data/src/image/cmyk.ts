/**
 * Four-ink JPEG to RGB as OpenCV does it (no colour profile): with the inks stored inverted, as Adobe writes them,
 * a channel is `k - ((255 - c) * k >> 8)`.
 */

/** `cmyk` holds inks 0..255 where 255 is full ink (libvips has already undone Adobe's inversion). */
export const cmykToRgb = (cmyk: Uint8Array): Uint8Array => {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let i = 0, o = 0; i < cmyk.length; i += 4, o += 3) {
    const white = 255 - cmyk[i + 3];
    rgb[o] = white - ((cmyk[i] * white) >> 8);
    rgb[o + 1] = white - ((cmyk[i + 1] * white) >> 8);
    rgb[o + 2] = white - ((cmyk[i + 2] * white) >> 8);
  }
  return rgb;
};
