/** What a run is made of, as the MLflow tracking protocol has it. */

/** One value of a metric. */
export type Point = {
  readonly key: string;
  readonly step: number;
  /** Milliseconds since 1970; below `clockless` only an order. */
  readonly time: number;
  /** NaN and the infinities included. */
  readonly value: number;
};

export type Pair = { readonly key: string; readonly value: string };

/** The states of an MLflow run. */
export const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type Status = (typeof statuses)[number];

/**
 * The original's `log.csv` has no times. Its points carry the number of their line instead: that keeps their order, and
 * the same file read twice gives the same points. No clock of a computer shows a time this early (September 2001).
 */
export const clockless = 1e12;
