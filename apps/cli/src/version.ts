/** The version in this package's package.json, from the sources and from the build alike. */
import { readFileSync } from 'node:fs';

const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export const version: string = (manifest as { readonly version: string }).version;
