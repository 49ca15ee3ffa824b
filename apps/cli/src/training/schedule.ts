/** When the original saves weights (SPEC 3). */

export type Saves = {
  /** `<base>.backup`, overwritten. */
  readonly backup: boolean;
  /** `<base>_<batch>.weights` */
  readonly numbered: boolean;
};

/** Whether a multiple lies behind `before`, up to `batch`: where the count jumps it need not be one itself. */
export const crosses = (before: number, batch: number, every: number): boolean =>
  Math.floor(batch / every) > Math.floor(before / every);

/**
 * `batch` counts from 1; `lastSave` is the batch of the last numbered file, at first the one that the run started from
 * (the original starts from 0, so that a resumed run saves at once, SPEC D-21). Where the count jumps (the original's way
 * with several devices), a multiple that lies between `before` and `batch` counts.
 */
export const savesAt = (batch: number, lastSave: number, before = batch - 1): Saves => ({
  backup: crosses(before, batch, 100),
  numbered: batch - lastSave > 1000 || crosses(before, batch, 1000) || (batch < 1000 && crosses(before, batch, 100)),
});
