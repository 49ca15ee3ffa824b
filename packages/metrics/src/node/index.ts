export type { NamedOverlap } from './job.ts';
export type { CocoThreads, ThreadOptions } from './threads.ts';
export { cocoThreads } from './threads.ts';
