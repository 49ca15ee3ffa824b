export { version } from './core/version.ts';
export { run } from './run.ts';
