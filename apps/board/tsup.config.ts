import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Options } from 'tsup';
import { library } from '../../tsup.base.ts';
import { writePage } from './src/assets/bundle.ts';

const here = dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  // `upload-worker`: the uploader's thread, which `index` starts by its path.
  ...(library({ index: 'src/index.ts', 'upload-worker': 'src/upload/worker.ts' }) as Options),
  onSuccess: () => writePage(join(here, 'src/page'), join(here, 'dist/page')),
});
