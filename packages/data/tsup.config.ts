import { library } from '../../tsup.base.ts';

// `worker` is the loader's thread, which `index` starts by its path.
export default library({ index: 'src/index.ts', runs: 'src/runlog/index.ts', worker: 'src/loader/worker.ts' });
