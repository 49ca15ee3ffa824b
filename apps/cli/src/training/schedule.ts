/** When the original saves weights (SPEC 3). */

export type Saves = {
  /** `<base>.backup`, overwritten. */
  readonly backup: boolean;
  /** `<base>_<batch>.weights` */
  readonly numbered: boolean;
};

/**
 * `batch` counts from 1; `lastSave` is the batch of the last numbered file, at first the one that the run started from
 * (the original starts from 0, so that a resumed run saves at once, SPEC D-21).
 */
export const savesAt = (batch: number, lastSave: number): Saves => ({
  backup: batch % 100 === 0,
  numbered: batch - lastSave > 1000 || batch % 1000 === 0 || (batch < 1000 && batch % 100 === 0),
});
