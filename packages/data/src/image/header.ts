/** Which format a file's first bytes say it is; the name of a file is never believed. */

type Signature = { readonly format: string; readonly offset: number; readonly bytes: readonly number[] };

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

const signatures: readonly Signature[] = [
  { format: 'jpeg', offset: 0, bytes: [0xff, 0xd8] },
  { format: 'png', offset: 0, bytes: [0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a] },
  { format: 'webp', offset: 8, bytes: ascii('WEBP') },
  { format: 'gif', offset: 0, bytes: ascii('GIF8') },
  { format: 'tiff', offset: 0, bytes: [...ascii('II'), 42, 0] },
  { format: 'tiff', offset: 0, bytes: [...ascii('MM'), 0, 42] },
  { format: 'avif', offset: 4, bytes: ascii('ftypavif') },
  { format: 'bmp', offset: 0, bytes: ascii('BM') },
  ...Array.from({ length: 6 }, (_, i) => ({ format: 'pnm', offset: 0, bytes: ascii(`P${i + 1}`) })),
];

/** The format's name, or undefined for bytes of no known picture. */
export const sniffFormat = (bytes: Uint8Array): string | undefined =>
  signatures.find((s) => s.bytes.every((b, i) => bytes[s.offset + i] === b))?.format;
