/** Writes the files of this folder: `node --conditions=@gdarknet/source cfg/generate.ts`. */
import { writeFileSync } from 'node:fs';
import { zooFiles } from '../src/darknet/zoo.ts';

for (const [name, text] of Object.entries(zooFiles())) writeFileSync(new URL(name, import.meta.url), text);
