/** One turn of the event loop. */
import { setImmediate } from 'node:timers/promises';

/**
 * Between two computations that never wait, so that Ctrl-C is heard: messages from worker threads are handed on one after
 * the other, and without a pause the next computation would start inside that.
 */
export const turn = (): Promise<void> => setImmediate();
