/**
 * Printing from inside a traced function, as JAX's `debug.print`. A printed value is a tag around it, so that an expression
 * carries what it prints, and a trace also hears of every print that is made during it, so that one whose value is not used
 * prints all the same. Whoever runs a graph fetches the printed values beside the results.
 */
import { callable, check, checkOptions, checkTensor, type OptionRules, text } from './check.ts';
import { type Graph, graphOf, visit } from './graph.ts';
import { identityOf } from './identity.ts';
import { tag } from './ops/elementwise.ts';
import type { DType, HostArray, Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

export type Printed = {
  readonly label: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: HostArray;
  /** Of the printed tensor: see `inScope`. */
  readonly scope?: string;
};

export type PrintOptions = {
  /** Hears of the values; default: a line on the console. */
  readonly to?: (printed: Printed) => void;
};

/** What a tag of this kind carries. */
type Order = { readonly label: string; readonly to: (printed: Printed) => void; readonly place: number };
const orders = new WeakMap<object, Order>();

/** Values that a line shows. */
const shown = 100;

/** The line for the console: label, dtype, shape, and the values or the first of them. */
export const lineOf = ({ label, shape, dtype, values, scope }: Printed): string => {
  const items = Array.from(values.subarray(0, shown), (v) =>
    dtype === 'f32' ? String(Number(v.toPrecision(7))) : String(v),
  );
  const rest = values.length > shown ? ` ... ${values.length} values` : '';
  return `${scope === undefined ? '' : `${scope}: `}${label} ${dtype}[${shape.join(', ')}] ${items.join(' ')}${rest}`;
};

const toConsole = (printed: Printed): void => console.log(lineOf(printed));

const rules: OptionRules<PrintOptions> = { to: callable };

let count = 0;
let heard: Tensor[] | undefined;
let silent = false;

const within = <T>(f: () => T, change: () => void): T => {
  const before = { heard, silent };
  change();
  try {
    return f();
  } finally {
    ({ heard, silent } = before);
  }
};

/** What `f` gives, and every print that was made meanwhile. */
export const hearing = <T>(f: () => T): { readonly value: T; readonly prints: readonly Tensor[] } => {
  const prints: Tensor[] = [];
  const value = within(f, () => {
    heard = prints;
  });
  return { value, prints };
};

/** `f` without its prints: for one that computes again what has been printed. */
export const silently = <T>(f: () => T): T =>
  within(f, () => {
    silent = true;
  });

const labels = new Map<string, object>();
/** Equal tags, of one label and one listener, are one; 0 and 1 are taken by tags of other kinds. */
const uidOf = (label: string, to: (printed: Printed) => void): number => {
  const key = `${identityOf(to)} ${label}`;
  const known = labels.get(key) ?? {};
  labels.set(key, known);
  return identityOf(known) + 1;
};

/**
 * x itself; each time that a function which prints is run by `jit`, `label` and the values of x go to the console or to the
 * listener, before the call gives its result. Prints come in the order in which they are written; the same value with the
 * same label is printed once. In a function that is differentiated the value is printed, not its derivative, and once, even
 * where `checkpoint` computes it again. Outside of `jit`, `read` and `evaluate` print what the expression that they compute
 * is made of.
 */
export const print = (label: string, options: PrintOptions = {}) => {
  check('print', 'label', text, label);
  checkOptions('print', rules, options);
  const to = options.to ?? toConsole;
  return (x: Tensor): Tensor => {
    checkTensor('print', 'x', x);
    if (silent) return x;
    const payload = {};
    orders.set(payload, { label, to, place: count++ });
    const marked = tag({ name: 'print', uid: uidOf(label, to), payload })(x);
    heard?.push(marked);
    return marked;
  };
};

const orderOf = ({ op }: Tensor): Order | undefined =>
  op.kind === 'tag' && op.tag.payload instanceof Object ? orders.get(op.tag.payload) : undefined;

/** A value to be fetched beside the results. */
export type Print = { readonly tensor: Tensor; readonly emit: (values: HostArray) => void };

/** What a graph with these results prints, in order. */
export const printsOf = (roots: readonly Tensor[]): readonly Print[] => {
  // Who never prints pays no walk.
  if (count === 0) return [];
  const found: { readonly tensor: Tensor; readonly order: Order }[] = [];
  visit(roots, (tensor) => {
    const order = orderOf(tensor);
    if (order) found.push({ tensor, order });
  });
  return found
    .sort((a, b) => a.order.place - b.order.place)
    .map(({ tensor, order: { label, to } }) => {
      const { shape, dtype, scope } = tensor;
      return { tensor, emit: (values) => to({ label, shape, dtype, values, ...(scope !== undefined && { scope }) }) };
    });
};

/** The graph of the outputs and, after them, of what is printed: of equal prints one. */
export const withPrints = (
  outputs: readonly Tensor[],
  prints: readonly Print[],
  variables: readonly Tensor[],
): { readonly graph: Graph; readonly prints: readonly Print[] } => {
  const graph = graphOf([...outputs, ...prints.map(({ tensor }) => tensor)], variables);
  const ids = graph.outputs.slice(outputs.length);
  const isFirst = (i: number): boolean => ids.indexOf(ids[i]) === i;
  return {
    graph: { ...graph, outputs: [...graph.outputs.slice(0, outputs.length), ...ids.filter((_, i) => isFirst(i))] },
    prints: prints.filter((_, i) => isFirst(i)),
  };
};
