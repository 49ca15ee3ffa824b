/** Arguments of a traced function as a key: tensors by shape and dtype, everything else exactly. */
import { ArgumentError } from './errors.ts';
import { exactValue, identityOf } from './identity.ts';
import { isBranch, isTensor } from './tree.ts';

export type ArgumentKey = {
  /** Equal for arguments that one trace serves. */
  readonly exact: string;
  /** The same with every number left open. */
  readonly pattern: string;
};

const plain = new Set<unknown>([Object.prototype, null]);

export const argumentKey = (args: readonly unknown[]): ArgumentKey => {
  const exact: string[] = [];
  const pattern: string[] = [];
  const both = (text: string): void => {
    exact.push(text);
    pattern.push(text);
  };
  type Frame = {
    readonly keys?: readonly string[];
    readonly parts: readonly unknown[];
    next: number;
  };
  const stack: Frame[] = [];
  const enter = (x: unknown): void => {
    if (isTensor(x)) both(`${x.dtype}[${x.shape}]`);
    else if (isBranch(x)) {
      if (Array.isArray(x)) {
        both(`[${x.length}`);
        stack.push({ parts: x, next: 0 });
        return;
      }
      const prototype: unknown = Object.getPrototypeOf(x);
      const keys = Object.keys(x);
      both(`{${keys.length}${plain.has(prototype) ? '' : `#${identityOf(prototype as object)}`}`);
      stack.push({ keys, parts: Object.values(x), next: 0 });
    } else {
      if (x instanceof Promise)
        throw new ArgumentError('jit', 'arguments', 'tensors or static values', 'a promise', 'await it first');
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
      stack.pop();
    }
  }
  return { exact: exact.join('\n'), pattern: pattern.join('\n') };
};
