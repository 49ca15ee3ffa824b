import { library } from '../../tsup.base.ts';

export default library({
  index: 'src/index.ts',
  opencv: 'src/opencv/index.ts',
  runs: 'src/runlog/index.ts',
  // The loader's thread, which `index` starts by its path.
  worker: 'src/loader/worker.ts',
});
