/** A garbage collection, when a test wants one. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export const collect = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};
