/** The version in this package's package.json. */
import manifest from '../../package.json' with { type: 'json' };

export const version: string = manifest.version;
