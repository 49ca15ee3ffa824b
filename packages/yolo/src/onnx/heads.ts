/** What a `[yolo]` layer gives to the outside: its input as it is, or boxes and scores (SPEC 5.1, 5.2, 6.1). */
import type { LayerConfig } from '../darknet/config.ts';
import type { ImageShape } from '../layers/common/shape.ts';
import type { Builder } from './builder.ts';

export type Head = {
  readonly config: LayerConfig<'yolo'>;
  /** Name and shape of what the layer reads. */
  readonly input: string;
  readonly shape: ImageShape;
};

/** Column and row of each cell, `[1, h, w, 1, 2]`. */
const cells = ({ h, w }: ImageShape): Float32Array =>
  Float32Array.from({ length: h * w * 2 }, (_, i) => {
    const cell = Math.floor(i / 2);
    return i % 2 === 0 ? cell % w : Math.floor(cell / w);
  });

/** `lin` takes what is not above 0 for an exponent (SPEC D-5). */
const sides = {
  exp: (to: Builder, x: string): string => to.node('Exp', [x]),
  lin: (to: Builder, x: string): string =>
    to.node('Where', [to.node('Greater', [x, to.floats([0])]), x, to.node('Exp', [x])]),
} as const;

const centres = (to: Builder, x: string, { config, shape }: Head, ignoreScale: boolean): string => {
  const scale = ignoreScale ? 1 : config.scale_x_y;
  const inside = to.node('Sigmoid', [x]);
  const stretched =
    scale === 1 ? inside : to.node('Sub', [to.node('Mul', [inside, to.floats([scale])]), to.floats([(scale - 1) / 2])]);
  const placed = to.node('Add', [stretched, to.floats(cells(shape), [1, shape.h, shape.w, 1, 2])]);
  return to.node('Mul', [placed, to.floats([1 / shape.w, 1 / shape.h], [2])]);
};

/** Boxes `[n, h w anchors, 4]`, centre and size relative to the network's input, and scores `[n, h w anchors, classes]`. */
const decoded = (to: Builder, head: Head, net: ImageShape, ignoreScale: boolean) => {
  const { config, shape, input } = head;
  const { classes, mask, anchors } = config;
  const split = to.node('Reshape', [input, to.wholes([0, mask.length, 5 + classes, shape.h, shape.w])]);
  const rows = to.node('Transpose', [split], { perm: [0, 3, 4, 1, 2] });
  const parts = [rows, to.wholes([2, 2, 1, classes])];
  const [xy, wh, objectness, probabilities] = to.split('Split', parts, 4, { axis: 4 });
  const priors = mask.flatMap((m) => [anchors[2 * m] / net.w, anchors[2 * m + 1] / net.h]);
  const size = to.node('Mul', [sides[config.representation](to, wh), to.floats(priors, [mask.length, 2])]);
  const box = to.node('Concat', [centres(to, xy, head, ignoreScale), size], { axis: 4 });
  const score = to.node('Mul', [to.node('Sigmoid', [objectness]), to.node('Sigmoid', [probabilities])]);
  return {
    boxes: to.node('Reshape', [box, to.wholes([0, -1, 4])]),
    scores: to.node('Reshape', [score, to.wholes([0, -1, classes])]),
  };
};

const joined = (to: Builder, name: string, parts: readonly string[]): string =>
  to.named(name, 'Identity', [parts.length === 1 ? parts[0] : to.node('Concat', parts, { axis: 1 })]);

/** Adds outputs `boxes` and `scores` over all heads, rows in the order of emission: head, row, column, anchor. */
export const addBoxes = (to: Builder, heads: readonly Head[], net: ImageShape, ignoreScale: boolean): void => {
  const all = heads.map((head) => decoded(to, head, net, ignoreScale));
  joined(
    to,
    'boxes',
    all.map(({ boxes }) => boxes),
  );
  joined(
    to,
    'scores',
    all.map(({ scores }) => scores),
  );
};

/** The logistic function of all but w and h, for layers that read a `[yolo]` layer's output. */
export const activatedHead = (to: Builder, { config, input, shape }: Head): string => {
  const entries = 5 + config.classes;
  const isSize = Float32Array.from({ length: shape.c }, (_, i) => Number([2, 3].includes(i % entries)));
  const sizes = to.node('Greater', [to.floats(isSize, [1, shape.c, 1, 1]), to.floats([0])]);
  return to.node('Where', [sizes, input, to.node('Sigmoid', [input])]);
};
