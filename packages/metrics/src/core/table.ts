/** Boxes of one kind in columns: place in the lists of images and categories, corners (`cornersOf`), area. */
export interface BoxTable {
  readonly length: number;
  readonly image: Uint32Array;
  readonly category: Uint32Array;
  readonly corners: Float64Array;
  readonly area: Float64Array;
}

export interface ScoredTable extends BoxTable {
  readonly score: Float64Array;
}
