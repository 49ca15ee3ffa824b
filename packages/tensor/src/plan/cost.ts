/** What a step of a plan costs whatever the device: a name for people, arithmetic and traffic. For profiles. */
import { type Shape, sizeOf } from '../shape.ts';
import type { Expression, Program, Step, ValueId } from './program.ts';

export type Cost = {
  /** The step with its sizes: `conv2d 3x3/1 104x104x64 -> 104x104x128, batch 4`. */
  readonly label: string;
  /** Operations in floating point; a multiply-add is two. */
  readonly flops: number;
  /** Bytes read and written at least. */
  readonly bytes: number;
};

const size = (shape: Shape): string => (shape.length === 0 ? 'scalar' : shape.join('x'));
const operations = ({ code }: Expression): number =>
  code.filter(({ kind }) => kind !== 'load' && kind !== 'literal' && kind !== 'position' && kind !== 'accumulator')
    .length;

/** Elements that a view can reach at most: broadcast axes count once. */
const reached = (shape: Shape, strides: readonly number[]): number =>
  shape.reduce((n, length, axis) => (strides[axis] === 0 ? n : n * length), 1);

export const costOf = (step: Step, { values }: Program): Cost => {
  const shapeOf = (id: ValueId): Shape => values[id].shape;
  const whole = (...ids: readonly ValueId[]): number => ids.reduce((sum, id) => sum + 4 * sizeOf(shapeOf(id)), 0);
  const reads = (shape: Shape, e: Expression | undefined): number =>
    (e?.loads ?? []).reduce((sum, { strides }) => sum + 4 * reached(shape, strides), 0);

  switch (step.kind) {
    case 'map':
      return {
        label: `map ${size(step.shape)}, ${operations(step.expression)} operations`,
        flops: sizeOf(step.shape) * operations(step.expression),
        bytes: reads(step.shape, step.expression) + 4 * sizeOf(step.shape),
      };
    case 'reduce':
      return {
        label: `${step.fold} ${size(step.shape)} over ${step.axes.join(' ')}, ${operations(step.expression)} operations`,
        flops: sizeOf(step.shape) * (operations(step.expression) + 1),
        bytes: reads(step.shape, step.expression) + whole(step.out),
      };
    case 'moments':
      return {
        label: `moments ${step.rows}x${step.channels}`,
        flops: 4 * step.rows * step.channels,
        bytes: 2 * whole(step.x),
      };
    case 'matmul':
      return {
        label: `matmul ${step.batch > 1 ? `${step.batch} of ` : ''}${step.m}x${step.k} by ${step.k}x${step.n}`,
        flops: 2 * step.batch * step.m * step.n * step.k,
        bytes: whole(step.a, step.b, step.out),
      };
    case 'conv2d':
    case 'conv2dInput':
    case 'conv2dFilter': {
      const image = shapeOf(step.kind === 'conv2dInput' ? step.out : step.x);
      const filter = shapeOf(step.kind === 'conv2dFilter' ? step.out : step.filter);
      const result = shapeOf(step.kind === 'conv2d' ? step.out : step.dy);
      const [n, h, w, c] = image;
      const [out, kh, kw, ci] = filter;
      const groups = step.groups > 1 ? `, ${step.groups} groups` : '';
      return {
        label: `${step.kind} ${kh}x${kw}/${step.stride[0]} ${h}x${w}x${c} - ${result[1]}x${result[2]}x${out}${groups}, batch ${n}`,
        flops: 2 * n * result[1] * result[2] * out * kh * kw * ci,
        bytes: 4 * (sizeOf(image) + sizeOf(filter) + sizeOf(result)),
      };
    }
    case 'maxPool2d':
    case 'maxPool2dGrad':
      return {
        label: `${step.kind} ${step.size.join('x')}/${step.stride[0]} ${size(shapeOf(step.x))}`,
        flops: sizeOf(shapeOf(step.kind === 'maxPool2d' ? step.out : step.dy)) * step.size[0] * step.size[1],
        bytes: whole(step.x, step.out),
      };
    case 'gather':
    case 'scatterAdd':
      return {
        label: `${step.kind} ${size(shapeOf(step.out))}`,
        flops: 0,
        bytes: 8 * step.outer * step.count * step.inner,
      };
    case 'randomBits':
      return { label: `randomBits ${step.count}`, flops: 0, bytes: whole(step.out) };
  }
};
