/** Work that is asked for more often than it should be done. */

/** Does `work` a while after it is first asked for; what is asked meanwhile is part of the same. */
export const paced = (work: () => void) => {
  let timer = 0;
  return (ms: number): void => {
    if (timer !== 0) return;
    timer = window.setTimeout(() => {
      timer = 0;
      work();
    }, ms);
  };
};

/** Does the last `work` asked for, when nothing has been asked for a while. */
export const settled = (ms: number) => {
  let timer = 0;
  return (work: () => void): void => {
    clearTimeout(timer);
    timer = window.setTimeout(work, ms);
  };
};
