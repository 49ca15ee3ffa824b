export type { CocoThreads, ThreadOptions } from './threads.ts';
export { cocoThreads } from './threads.ts';
