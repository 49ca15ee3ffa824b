/** From the steps of a program to launches of kernels: which functions, over how many items, with which addresses. */
import { type Expression, noValue, type Program, type Step } from '../plan/program.ts';
import type { Tile } from './gemm.ts';
import { hostStep } from './host.ts';
import { conv2d, conv2dFilter, conv2dInput, matmul } from './lower-contraction.ts';
import { at, type Lowered, Lowering, load, loadsOf } from './lowering.ts';
import type { Geometry } from './patches.ts';
import { maxPoolGradKernel, maxPoolKernel } from './pooling.ts';
import { randomKernel } from './random.ts';

const pool = (lowering: Lowering, step: Extract<Step, { kind: 'maxPool2d' | 'maxPool2dGrad' }>): void => {
  const [n, h, w, c] = lowering.shapeOf(step.x);
  const { size, stride, padding } = step;
  const windows = (length: number, a: number, low: number, high: number) =>
    Math.floor((length + low + high - size[a]) / stride[a]) + 1;
  const [oh, ow] = [windows(h, 0, padding[0], padding[1]), windows(w, 1, padding[2], padding[3])];
  const [[kh, kw], [sh, sw]] = [size, stride];
  const g: Geometry = { n, h, w, c, ci: c, kh, kw, sh, sw, pt: padding[0], pl: padding[2], oh, ow };
  const work = n * oh * ow * c * kh * kw;
  if (step.kind === 'maxPool2d') lowering.push(maxPoolKernel(g).kernel, [at(step.x), at(step.out)], work);
  else lowering.push(maxPoolGradKernel(g).kernel, [at(step.x), at(step.dy), at(step.out)], work);
};

/** x * 1/rows. */
const scaledBy = (factor: number): Expression => ({
  loads: [{ value: noValue, offset: 0, strides: [1] }],
  code: [
    { kind: 'load', load: 0, dtype: 'f32' },
    { kind: 'literal', value: factor, dtype: 'f32' },
    { kind: 'mul', a: 0, b: 1, dtype: 'f32' },
  ],
});

/** (x - mean)^2 over rows and channels. */
const deviation = (channels: number): Expression => ({
  loads: [
    { value: noValue, offset: 0, strides: [channels, 1] },
    { value: noValue, offset: 0, strides: [0, 1] },
  ],
  code: [
    { kind: 'load', load: 0, dtype: 'f32' },
    { kind: 'load', load: 1, dtype: 'f32' },
    { kind: 'sub', a: 0, b: 1, dtype: 'f32' },
    { kind: 'mul', a: 2, b: 2, dtype: 'f32' },
  ],
});

const moments = (lowering: Lowering, { x, rows, channels, out }: Extract<Step, { kind: 'moments' }>): void => {
  const [total, squares] = [lowering.temporary(channels), lowering.temporary(channels)];
  const [shape, mean] = [[rows, channels], at(out)];
  const scaled = scaledBy(1 / rows);
  lowering.reduce(shape, [0], 'sum', load([channels, 1]), [at(x)], total, 'f32');
  lowering.map([channels], scaled, [total, mean], [1]);
  lowering.reduce(shape, [0], 'sum', deviation(channels), [at(x), mean], squares, 'f32');
  lowering.map([channels], scaled, [squares, { value: out, offset: channels * 4 }], [1]);
};

const lowerStep = (lowering: Lowering, step: Step): void => {
  switch (step.kind) {
    case 'map': {
      const { out, expression, shape } = step;
      const words = [...loadsOf(expression), { value: out.value, offset: out.offset * 4 }];
      lowering.map(shape, expression, words, out.strides);
      return;
    }
    case 'reduce': {
      const { shape, axes, fold, expression, out } = step;
      const { dtype } = lowering.program.values[out];
      lowering.reduce(shape, axes, fold, expression, loadsOf(expression), at(out), dtype);
      return;
    }
    case 'moments':
      moments(lowering, step);
      return;
    case 'matmul':
      matmul(lowering, step);
      return;
    case 'conv2d':
      conv2d(lowering, step);
      return;
    case 'conv2dInput':
      conv2dInput(lowering, step);
      return;
    case 'conv2dFilter':
      conv2dFilter(lowering, step);
      return;
    case 'maxPool2d':
    case 'maxPool2dGrad':
      pool(lowering, step);
      return;
    case 'randomBits':
      lowering.push(randomKernel(step.count), [at(step.key), at(step.out)], 20 * step.count);
      return;
    default:
      lowering.host(hostStep(step, lowering.program));
  }
};

export const lower = (program: Program, tile: Tile, threads: number): Lowered => {
  const lowering = new Lowering(program, tile, threads);
  program.steps.forEach((step, i) => {
    lowering.begin(i);
    lowerStep(lowering, step);
  });
  return lowering.done();
};
