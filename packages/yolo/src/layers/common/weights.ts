/** What a layer has in a `.weights` file (SPEC 3). */

/** Filters, channels that each of them sees, rows, columns. A connected layer's kernel covers its whole input. */
export type KernelShape = readonly [filters: number, channels: number, rows: number, columns: number];

export interface WeightsRule {
  readonly kernel: KernelShape;
  /** Whether scales, rolling mean and variance are there. */
  readonly normalised: boolean;
  /** The normalisation stands behind the weights, not before them. */
  readonly weightsFirst: boolean;
  /** Filters that are read: `numload` leaves the others out. */
  readonly filtersRead: number;
  /** Whether the file holds the matrix transposed: by the cfg, or by a header from a transposing Darknet. */
  readonly transposed: (transposingHeader: boolean) => boolean;
}
