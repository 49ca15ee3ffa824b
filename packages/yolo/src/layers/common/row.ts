/** Parts of the rows of the table that Darknet prints (SPEC 1.7). */
import { elements, type ImageShape } from './shape.ts';

export const pad = (value: number | string, width: number): string => String(value).padStart(width);
export const image = ({ h, w, c }: ImageShape): string => `${pad(w, 4)} x${pad(h, 4)} x${pad(c, 4)}`;

export const resized = ({ input, output }: { readonly input: ImageShape; readonly output: ImageShape }): string =>
  `${image(input)}   ->  ${image(output)}`;
export const flat = (shape: ImageShape): string => pad(elements(shape), 4);
