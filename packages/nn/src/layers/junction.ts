/** Layers that read several others: Darknet's [route] and [shortcut] (SPEC 4.3, 4.4). */
import { add, check, concat, mul, ones, pad, ShapeError, sameShape, slice, type Tensor } from '@gdarknet/tensor';
import { type Activation, activate, activationRule } from './activation.ts';
import { stateless } from './layer.ts';

/** Channels of all inputs one after another; the other sizes must agree. */
export const route = () => stateless<readonly Tensor[]>(concat(3));

export type ShortcutOptions = {
  /** Multiplies x, default 1. */
  readonly alpha?: number;
  /** Multiplies `from`, default 1. */
  readonly beta?: number;
  readonly activation?: Activation;
};

const rules: check.OptionRules<ShortcutOptions> = {
  alpha: check.number,
  beta: check.number,
  activation: activationRule,
};

const times = (t: Tensor, factor: number): Tensor => (factor === 1 ? t : mul(t, factor));

/**
 * How `from` lies on x when their shapes differ: the larger image is read, or written, in steps, and only the channels both
 * have take part.
 */
const onto = (x: Tensor, from: Tensor): ((t: Tensor) => Tensor) => {
  const [n, h, w, c] = x.shape;
  const [, fh, fw, fc] = from.shape;
  const steps = (to: number, of: number) => ({
    read: Math.max(1, Math.floor(of / to)),
    write: Math.max(1, Math.floor(to / of)),
    count: Math.min(to, of),
  });
  const [rows, columns] = [steps(h, fh), steps(w, fw)];
  if (from.shape[0] !== n || rows.read !== columns.read || rows.write !== columns.write) {
    throw new ShapeError('shortcut', [x.shape, from.shape], 'images whose heights and widths have one ratio');
  }
  const channels = Math.min(c, fc);
  const end = (s: { count: number }, step: number) => (s.count - 1) * step + 1;
  return (t) => {
    const read = slice(
      [0, 0, 0, 0],
      [n, end(rows, rows.read), end(columns, columns.read), channels],
      [1, rows.read, columns.read, 1],
    )(t);
    return pad([0, 0, 0, 0], [0, h - end(rows, rows.write), w - end(columns, columns.write), c - channels], {
      interior: [0, rows.write - 1, columns.write - 1, 0],
    })(read);
  };
};

/** alpha x + beta from where the two overlap, x elsewhere; then the activation. The result has the shape of x. */
export const addShortcut = (x: Tensor, from: Tensor, options: ShortcutOptions = {}): Tensor => {
  check.checkTensor('addShortcut', 'x', x, 'f32');
  check.checkTensor('addShortcut', 'from', from, 'f32');
  check.checkOptions('addShortcut', rules, options);
  const { alpha = 1, beta = 1 } = options;
  if (sameShape(x.shape, from.shape)) return add(times(x, alpha), times(from, beta));
  const place = onto(x, from);
  const scaled = alpha === 1 ? x : mul(x, add(mul(place(ones(from.shape)), alpha - 1), 1));
  return add(scaled, times(place(from), beta));
};

/** Input: [x, from]. */
export const shortcut = (options: ShortcutOptions = {}) => {
  check.checkOptions('shortcut', rules, options);
  const finish = activate(options.activation ?? 'linear');
  return stateless<readonly [x: Tensor, from: Tensor]>(([x, from]) => finish(addShortcut(x, from, options)));
};
