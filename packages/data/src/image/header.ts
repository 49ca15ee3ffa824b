/** Which format a file's first bytes say it is; the name of a file is never believed. */

/** Bytes at a place of the file, all of which must be there. */
type Mark = { readonly offset: number; readonly bytes: readonly number[] };
type Signature = { readonly format: string; readonly marks: readonly Mark[] };

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));
const signature = (format: string, ...marks: readonly (readonly [offset: number, bytes: readonly number[]])[]) => ({
  format,
  marks: marks.map(([offset, bytes]) => ({ offset, bytes })),
});

const signatures: readonly Signature[] = [
  signature('jpeg', [0, [0xff, 0xd8]]),
  signature('png', [0, [0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a]]),
  signature('webp', [0, ascii('RIFF')], [8, ascii('WEBP')]),
  signature('gif', [0, ascii('GIF8')]),
  signature('tiff', [0, [...ascii('II'), 42, 0]]),
  signature('tiff', [0, [...ascii('MM'), 0, 42]]),
  // The length of the first box is below 64 KiB: no text begins with two zeros.
  signature('avif', [0, [0, 0]], [4, ascii('ftypavif')]),
  signature('bmp', [0, ascii('BM')]),
  ...Array.from({ length: 6 }, (_, i) => signature('pnm', [0, ascii(`P${i + 1}`)])),
];

/** The format's name, or undefined for bytes of no known picture. */
export const sniffFormat = (bytes: Uint8Array): string | undefined =>
  signatures.find(({ marks }) => marks.every((m) => m.bytes.every((b, i) => bytes[m.offset + i] === b)))?.format;
