/** Arguments of a traced function as a key: tensors by shape and dtype, everything else exactly. */
import { exactValue, identityOf } from './identity.ts';
import { isBranch, isTensor } from './tree.ts';

export type ArgumentKey = {
  /** Equal for arguments that one trace serves. */
  readonly exact: string;
  /** The same with every number left open. */
  readonly pattern: string;
};

/** Tensors inside would be traced as constants. */
const refuseHidden = (x: unknown): void => {
  if (x instanceof Promise) throw new TypeError('jit: an argument is a promise; await it before the call');
  if (!(x instanceof Map || x instanceof Set)) return;
  for (const value of x.values())
    if (isTensor(value))
      throw new TypeError(
        `jit: an argument holds tensors in a ${x.constructor.name}; give them in an array or a record`,
      );
};

const plain = new Set<unknown>([Object.prototype, null]);

export const argumentKey = (args: readonly unknown[]): ArgumentKey => {
  const exact: string[] = [];
  const pattern: string[] = [];
  const both = (text: string): void => {
    exact.push(text);
    pattern.push(text);
  };
  const open = new Set<unknown>();
  type Frame = {
    readonly source: unknown;
    readonly keys?: readonly string[];
    readonly parts: readonly unknown[];
    next: number;
  };
  const stack: Frame[] = [];
  const enter = (x: unknown): void => {
    if (isTensor(x)) both(`${x.dtype}[${x.shape}]`);
    else if (isBranch(x)) {
      if (open.has(x)) throw new TypeError('jit: an argument holds itself');
      open.add(x);
      if (Array.isArray(x)) {
        both(`[${x.length}`);
        stack.push({ source: x, parts: x, next: 0 });
        return;
      }
      const prototype: unknown = Object.getPrototypeOf(x);
      const keys = Object.keys(x);
      both(`{${keys.length}${plain.has(prototype) ? '' : `#${identityOf(prototype as object)}`}`);
      stack.push({ source: x, keys, parts: Object.values(x), next: 0 });
    } else {
      refuseHidden(x);
      const text = exactValue(x);
      exact.push(text);
      pattern.push(typeof x === 'number' ? 'number' : text);
    }
  };
  enter(args);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const at = top.next++;
    if (at < top.parts.length) {
      if (top.keys) both(exactValue(top.keys[at]));
      enter(top.parts[at]);
    } else {
      open.delete(top.source);
      stack.pop();
    }
  }
  return { exact: exact.join('\n'), pattern: pattern.join('\n') };
};
