import { library } from '../../tsup.base.ts';

export default library({
  index: 'src/index.ts',
  io: 'src/io/index.ts',
  formats: 'src/formats/index.ts',
  charts: 'src/charts/index.ts',
});
