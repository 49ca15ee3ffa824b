/** `stride_x` and `stride_y` of windows (SPEC-V4 1.5): implemented as far as they are one stride. */
import { optional, whole } from '../../darknet/field.ts';
import type { Problem } from '../../darknet/section-rule.ts';

export const strideKeys = {
  stride_x: optional(whole(1, { min: 1 })),
  stride_y: optional(whole(1, { min: 1 })),
};

interface Given {
  readonly stride: number;
  readonly stride_x: number | undefined;
  readonly stride_y: number | undefined;
}

/** `stride` is the one downwards. */
export const stridesOf = ({ stride, stride_x = stride, stride_y = stride }: Given) => ({
  stride: stride_y,
  across: stride_x,
});

export const differentStrides = ({
  stride,
  across,
  ...given
}: Given & { readonly across: number }): readonly Problem[] =>
  stride === across
    ? []
    : [
        {
          key: given.stride_x === undefined ? 'stride_y' : 'stride_x',
          expected: 'one stride across and down',
          found: `${across} across, ${stride} down`,
          action: 'two strides are not implemented: take another network',
        },
      ];
