import { library } from '../../tsup.base.ts';

export default library({
  index: 'src/index.ts',
  io: 'src/io/index.ts',
  formats: 'src/formats/index.ts',
  segm: 'src/segm/index.ts',
  keypoints: 'src/keypoints/index.ts',
  federated: 'src/federated/index.ts',
  charts: 'src/charts/index.ts',
  'fp-ts': 'src/fp-ts.ts',
  node: 'src/node/index.ts',
  // A thread of the evaluation, which `node` starts by its path.
  worker: 'src/node/worker.ts',
});
